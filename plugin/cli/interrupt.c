/* SPDX-License-Identifier: MIT */
#include "interrupt.h"

#include "cleanup.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t caught;

static void catch(int number)
{
        caught = number;
}

void interrupt_catch(void)
{
        static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
        struct sigaction before, action = {.sa_handler = catch, .sa_flags = (int)SA_RESETHAND | SA_RESTART};

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
                /* nohup(1) and background jobs start with some of them ignored: that stays. */
                if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
                        (void)sigaction(numbers[i], &action, NULL);
        }
}

int interrupt_pending(void)
{
        return caught;
}

void interrupt_raise(void)
{
        if (caught != 0)
                (void)raise(caught);
}
