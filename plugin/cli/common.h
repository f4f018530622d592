/* SPDX-License-Identifier: MIT */
/*
 * common.h - what commands share: the options that several have, and one run of a command as a session.
 *
 *     static int run(struct session *session)
 *     {
 *             struct pipseed_request req;
 *             struct pipseed_error err = PIPSEED_ERROR_INIT;
 *
 *             if (session_request(session, &req, &err) < 0)
 *                     return session_fail(session, &err);
 *             ...
 *     }
 */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "command.h"
#include "output.h"
#include "pipseed_policy.h"

/* Fields of the shared options. A command with more options begins its own struct with this one. */
struct settings {
        const char *policy_file;
        bool json;
        bool dry_run;
        bool help;
        bool version;
        unsigned int quiet;
        unsigned int verbose;
        unsigned int color; /* enum output_color */

        const char *python;
        const char *root;
        bool user;

        const char *from_file;
        unsigned int jobs;
};

extern const struct option_group common_group;  /* every command has it, last */
extern const struct option_group target_group;  /* --python --root */
extern const struct option_group batch_group;   /* --from-file -j */
extern const struct option_group install_group; /* which pip, from where, how: seed and venv */
extern const struct option_group wheels_group;  /* --wheel-dir --no-bundled */

struct session {
        const struct command *command;
        struct settings *settings;
        struct arguments *arguments;
        struct output *out;
        struct pipseed_create_request
                *order;                    /* of a command that creates environments: session_request fills it, too */
        struct pipseed_policy *policy;     /* NULL until session_policy */
        struct pipseed_wheel_list *wheels; /* NULL until session_newest */
};

/* Loads the policy and lays the command line over it. Errors: those of pipseed_policy_load and _set. Once is enough. */
int session_policy(struct session *session, struct pipseed_error *err);
/* As above, and fills a request from policy and shared options. The request points into the session. */
int session_request(struct session *session, struct pipseed_request *ret_req, struct pipseed_error *err);
/* Version of the newest wheel of a project that the request admits, for a Python of this version (NULL: any); NULL:
 * none, or it cannot be determined. Lives as long as the session. */
const char *session_newest(struct session *session, const struct pipseed_request *req, const char *name,
                           const char *python_version);
/* A pipseed_event_fn: data is a struct session_events. */
struct session_events {
        struct session *session;
        const char *about; /* put before each message, or NULL */
        bool no_progress;
};
int session_event(void *data, const struct pipseed_event *event);

/* Prints the error (and writes its document) and returns its exit code. */
int session_fail(struct session *session, const struct pipseed_error *err);
void session_done(struct session *session);

#endif
