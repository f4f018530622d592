/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include "cleanup.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void catch (int number)
{
        caught = number;
}

void interrupt_ignore_limits(void)
{
        (void)signal(SIGXFSZ, SIG_IGN);
}

void interrupt_catch(void)
{
        /* A closed pipe signals at each message: it must not kill at the second one. */
        static const struct {
                int number;
                int flags;
        } rows[] = {
                {SIGINT, (int)SA_RESETHAND | SA_RESTART},
                {SIGTERM, (int)SA_RESETHAND | SA_RESTART},
                {SIGHUP, (int)SA_RESETHAND | SA_RESTART},
                {SIGPIPE, SA_RESTART},
        };
        struct sigaction before;

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct sigaction action = {.sa_handler = catch, .sa_flags = rows[i].flags};

                /* nohup(1) and background jobs start with some of them ignored: that stays. */
                if (sigaction(rows[i].number, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
                        (void)sigaction(rows[i].number, &action, NULL);
        }
}

int interrupt_pending(void)
{
        return caught;
}

void interrupt_explain(struct pipseed_error *err)
{
        const char *name = sigabbrev_np(caught);

        if (caught == 0 || err->code != PIPSEED_E_CANCELLED)
                return;
        (void)snprintf(err->message, sizeof(err->message), "interrupted by SIG%s", name != NULL ? name : "?");
}

void interrupt_raise(void)
{
        if (caught == 0)
                return;
        (void)signal(caught, SIG_DFL);
        (void)raise(caught);
}
