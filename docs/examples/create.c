/* SPDX-License-Identifier: MIT */
/*
 * create.c - an example: a program that makes an environment with pip in it, under the policy of the machine.
 *
 *     cc -o create create.c $(pkg-config --cflags --libs pipseed)
 *     ./create ENV PYTHON [KEY=VALUE...]         ./create /srv/app/venv python3 seed.pip=25.2
 *
 * Exit status: what the pipseed command would end with.
 */
#include <pipseed_policy.h>

#include <stdio.h>
#include <string.h>

static int load_policy(char **settings, struct pipseed_policy **ret_policy, struct pipseed_error *err)
{
        const struct pipseed_policy_options options = {.size = sizeof(options), .use_environment = true};
        int r = pipseed_policy_load(&options, ret_policy, err);

        for (; r == 0 && *settings != NULL; settings++) {
                char *equals = strchr(*settings, '=');

                if (equals == NULL)
                        return pipseed_error_set(err, PIPSEED_E_USAGE, NULL, "expected KEY=VALUE, got '%s'", *settings);
                *equals = '\0';
                r = pipseed_policy_set(*ret_policy, *settings, equals + 1, *settings, err);
        }
        return r;
}

int main(int argc, char **argv)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_policy *policy = NULL;
        struct pipseed_create_request req;
        struct pipseed_request seeding;
        struct pipseed_environment *env = NULL;
        int r = argc > 2 ? load_policy(argv + 3, &policy, &err)
                         : pipseed_error_set(&err, PIPSEED_E_USAGE, NULL, "usage: create ENV PYTHON [KEY=VALUE...]");

        pipseed_create_request_init(&req, &seeding);
        if (r == 0)
                r = pipseed_policy_apply_create(policy, &req, &err);
        if (r == 0) {
                req.env_dir = argv[1];
                req.python = argv[2];
                r = pipseed_create(&req, &env, &err);
        }
        for (size_t i = 0; r == 0 && i < env->seed_result->n_packages; i++)
                printf("%s %s\n", env->seed_result->packages[i]->name, env->seed_result->packages[i]->version);
        if (r < 0)
                fprintf(stderr, "%s %d %d\npath: %s\nhint: %s\nerror: %s\n", pipseed_code_name(r), r, err.sys_errno,
                        err.path, err.hint, err.message);
        pipseed_environment_free(env);
        pipseed_policy_free(policy); /* the request pointed into it */
        return pipseed_exit_code(r);
}
