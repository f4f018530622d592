/* SPDX-License-Identifier: MIT */
/*
 * pipseed_hook.so - pipseed as a hook of programs that create environments (venv_hook.h).
 *
 * Both calls read the whole policy again, the context's options being its last layer: "section.key=value" sets a key,
 * "section.key+=value" adds to a list, "policy=FILE" names the file that --policy would name. As `python -m venv` does,
 * it installs pip, pipX and pipX.Y, unless flags or an option seed.scripts say otherwise.
 */
#include "pipseed_policy.h"
#include "venv_hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_OPTION "policy="

static void free_policy(struct pipseed_policy **policy)
{
        pipseed_policy_free(*policy);
}

static void free_result(struct pipseed_result **result)
{
        pipseed_result_free(*result);
}

static void free_text(char **text)
{
        free(*text);
}

/* One line for people: what, where, what to do. The text of an EXTERNALLY-MANAGED file has several lines. */
static int report(const struct pipseed_error *err, char *ret_error, size_t error_size)
{
        if (ret_error == NULL || error_size == 0)
                return pipseed_exit_code(err->code);
        (void)snprintf(ret_error, error_size, "%s%s%s%s%s", err->path, err->path[0] != '\0' ? ": " : "", err->message,
                       err->hint[0] != '\0' ? "; " : "", err->hint);
        for (char *c = ret_error; *c != '\0'; c++)
                if (*c == '\n' || *c == '\r')
                        *c = ' ';
        return pipseed_exit_code(err->code);
}

/* "section.key=value" or "section.key+=value". */
static int set_option(struct pipseed_policy *policy, const char *option, struct pipseed_error *err)
{
        const char *equals = strchr(option, '=');
        bool append = equals != NULL && equals > option && equals[-1] == '+';
        __attribute__((cleanup(free_text))) char *key = NULL;

        if (equals == NULL) {
                (void)pipseed_error_set(err, PIPSEED_E_USAGE, option, "this is not a setting of the policy");
                return pipseed_error_hint(err, "options of the hook have the form section.key=value");
        }
        key = strndup(option, (size_t)(equals - option) - (append ? 1 : 0));
        if (key == NULL)
                return pipseed_error_memory(err);
        if (append)
                return pipseed_policy_append(policy, key, equals + 1, option, err);
        return pipseed_policy_set(policy, key, equals + 1, option, err);
}

static bool is_file_option(const char *option)
{
        return strncmp(option, FILE_OPTION, strlen(FILE_OPTION)) == 0;
}

static int load(const struct venv_hook_context_v1 *context, struct pipseed_policy **ret_policy,
                struct pipseed_error *err)
{
        struct pipseed_policy_options options = {.size = sizeof(options), .use_environment = true};
        __attribute__((cleanup(free_policy))) struct pipseed_policy *policy = NULL;
        int r;

        for (const char *const *option = context->options; option != NULL && *option != NULL; option++)
                if (is_file_option(*option))
                        options.file = *option + strlen(FILE_OPTION);
        r = pipseed_policy_load(&options, &policy, err);
        for (const char *const *option = context->options; r == 0 && option != NULL && *option != NULL; option++)
                if (!is_file_option(*option))
                        r = set_option(policy, *option, err);
        if (r < 0)
                return r;
        *ret_policy = policy;
        policy = NULL;
        return 0;
}

static int forward(void *data, const struct pipseed_event *event)
{
        static const int levels[] = {
                [PIPSEED_EVENT_DETAIL] = VENV_HOOK_DETAIL,
                [PIPSEED_EVENT_NOTE] = VENV_HOOK_NOTE,
                [PIPSEED_EVENT_WARNING] = VENV_HOOK_WARNING,
        };
        const struct venv_hook_context_v1 *context = data;

        /* Progress and ticks have no level. */
        if (context->log != NULL && (size_t)event->kind < sizeof(levels) / sizeof(levels[0]))
                context->log(context->log_data, levels[event->kind], event->text);
        return context->is_cancelled != NULL ? context->is_cancelled(context->log_data) : 0;
}

static void fill(const struct venv_hook_context_v1 *context, struct pipseed_request *req)
{
        /* An interpreter that the creator names is what scripts have to name. */
        if (context->env_exe != NULL)
                req->python = context->env_exe;
        else
                req->env = context->env_dir;
        if ((context->flags & VENV_HOOK_ALTINSTALL) != 0)
                req->scripts = PIPSEED_SCRIPTS_ALT;
        else if ((context->flags & VENV_HOOK_NO_DEFAULT_PIP) != 0)
                req->scripts = PIPSEED_SCRIPTS_ENSUREPIP;
        if ((context->flags & VENV_HOOK_UPGRADE) != 0)
                req->upgrade = true;
        req->user = (context->flags & VENV_HOOK_USER) != 0;
        req->dry_run = (context->flags & VENV_HOOK_DRY_RUN) != 0;
        req->jobs = context->jobs;
        req->event = forward;
        req->event_data = (void *)(uintptr_t)context;
}

static void tell(const struct venv_hook_context_v1 *context, const struct pipseed_result *result)
{
        char text[512];

        for (size_t i = 0; context->log != NULL && i < result->n_packages; i++) {
                const struct pipseed_package *package = result->packages[i];

                (void)snprintf(text, sizeof(text), "%s %s: %s", package->name, package->version,
                               pipseed_action_name(package->action));
                context->log(context->log_data, VENV_HOOK_DETAIL, text);
        }
}

/* A creator that was built with a shorter context would have us read behind its end: ret is a copy of our size. */
static int take_context(const struct venv_hook_context_v1 *given, struct venv_hook_context_v1 *ret,
                        struct pipseed_error *err)
{
        if (venv_hook_context_read(given, ret) < 0 || ret->env_dir == NULL) {
                (void)pipseed_error_set(err, PIPSEED_E_USAGE, NULL, "the creating program passed no usable context");
                return pipseed_error_hint(err, "it has to fill size and env_dir as venv_hook.h says");
        }
        if ((ret->flags & VENV_HOOK_ALTINSTALL) != 0 && (ret->flags & VENV_HOOK_NO_DEFAULT_PIP) != 0) {
                (void)pipseed_error_set(err, PIPSEED_E_USAGE, NULL, "altinstall and no-default-pip exclude each other");
                return pipseed_error_hint(err, "altinstall installs pipX.Y only");
        }
        return 0;
}

/* What both calls begin with; context becomes the copy to work with. 1: there is something to do; 0: nothing; else a
 * code. */
static int begin(const struct venv_hook_context_v1 *given, struct venv_hook_context_v1 *context,
                 struct pipseed_policy **ret_policy, struct pipseed_request *ret_req, struct pipseed_error *err)
{
        struct pipseed_create_request create;
        int r = take_context(given, context, err);

        if (r < 0 || (context->flags & VENV_HOOK_WITHOUT_PIP) != 0)
                return r;
        if ((context->flags & VENV_HOOK_USER) != 0) {
                (void)pipseed_error_set(err, PIPSEED_E_USER_IN_VENV, context->env_dir,
                                        "--user is not possible in an environment");
                return pipseed_error_hint(err, "leave --user out: pip goes into the environment itself");
        }
        /* Which scripts, as for venv. The rest of a creation is the creator's. */
        pipseed_create_request_init(&create, ret_req);
        r = load(context, ret_policy, err);
        if (r == 0)
                r = pipseed_policy_apply_create(*ret_policy, &create, err);
        return r < 0 ? r : 1;
}

/* Everything that can be refused is refused before the creator writes anything. */
static int pre_create(const struct venv_hook_context_v1 *given, char *ret_error, size_t error_size)
{
        struct venv_hook_context_v1 context;
        __attribute__((cleanup(free_policy))) struct pipseed_policy *policy = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req;

        if (begin(given, &context, &policy, &req, &err) < 0)
                return report(&err, ret_error, error_size);
        return 0;
}

static int post_create(const struct venv_hook_context_v1 *given, char *ret_error, size_t error_size)
{
        struct venv_hook_context_v1 context;
        __attribute__((cleanup(free_policy))) struct pipseed_policy *policy = NULL;
        __attribute__((cleanup(free_result))) struct pipseed_result *result = NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct pipseed_request req;
        int r = begin(given, &context, &policy, &req, &err);

        if (r < 0)
                return report(&err, ret_error, error_size);
        if (r == 0)
                return 0;
        fill(&context, &req);
        if (pipseed_seed(&req, &result, &err) < 0)
                return report(&err, ret_error, error_size);
        tell(&context, result);
        return 0;
}

/* Declared first: an object that nothing declares is what -Wmissing-variable-declarations warns of. */
extern const struct venv_hook_v1 venv_hook;

PIPSEED_API const struct venv_hook_v1 venv_hook = {
        .size = sizeof(struct venv_hook_v1),
        .name = "pipseed",
        .pre_create = pre_create,
        .post_create = post_create,
};
