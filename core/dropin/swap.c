/* SPDX-License-Identifier: MIT */
#include "dropin/swap.h"

#include "base/file.h"
#include "dropin/piecewise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

int swap_look(int stdlib_fd, struct swap *ret_swap)
{
        struct swap swap = {.stdlib_fd = stdlib_fd};
        int r = package_look(stdlib_fd, PACKAGE_NAME, &swap.package);

        if (r == 0)
                r = package_look(stdlib_fd, PACKAGE_KEPT, &swap.kept);
        if (r == 0)
                r = package_look(stdlib_fd, PACKAGE_NEW, &swap.fresh);
        if (r == 0)
                *ret_swap = swap;
        return r;
}

static bool is_theirs(enum package_kind kind)
{
        return kind == PACKAGE_FOREIGN || kind == PACKAGE_MIXED;
}

bool swap_is_interrupted(const struct swap *swap)
{
        return swap->fresh != PACKAGE_NONE || swap->kept == PACKAGE_OURS ||
               (swap->kept == PACKAGE_EMPTY && swap->package != PACKAGE_OURS) ||
               (swap->package == PACKAGE_NONE && swap->kept != PACKAGE_NONE);
}

static int move(const struct swap *swap, const char *from, const char *to)
{
        return file_rename_new(swap->stdlib_fd, from, swap->stdlib_fd, to);
}

/* After an upgrade over a drop-in, the mark is still in the interpreter's own. */
static int strip_kept(const struct swap *swap)
{
        int r = package_strip(swap->stdlib_fd, PACKAGE_KEPT);

        return r == -ENOTDIR || r == -ELOOP ? 0 : r; /* its own is a link */
}

/* What lies in the place of the new one is the interpreter's own: it is kept from now on. */
static int keep_fresh(const struct swap *swap)
{
        int r = package_remove(swap->stdlib_fd, PACKAGE_KEPT);

        if (r == 0)
                r = move(swap, PACKAGE_NEW, PACKAGE_KEPT);
        return r < 0 ? r : strip_kept(swap);
}

int swap_recover(struct swap *swap)
{
        int r = 0;

        if (is_theirs(swap->fresh) && swap->package == PACKAGE_OURS)
                r = keep_fresh(swap);
        else if (swap->fresh != PACKAGE_NONE)
                r = package_remove(swap->stdlib_fd, PACKAGE_NEW);
        if (r == 0 && (swap->kept == PACKAGE_OURS || (swap->kept == PACKAGE_EMPTY && swap->package != PACKAGE_OURS)))
                r = package_remove(swap->stdlib_fd, PACKAGE_KEPT);
        else if (r == 0 && swap->package == PACKAGE_NONE && swap->kept != PACKAGE_NONE)
                r = move(swap, PACKAGE_KEPT, PACKAGE_NAME);
        return r < 0 ? r : swap_look(swap->stdlib_fd, swap);
}

/* The interpreter's own goes to `to`, then the new one takes its place: no exchange on this file system. */
static int put_in_two_steps(const struct swap *swap)
{
        int r = package_remove(swap->stdlib_fd, PACKAGE_KEPT);

        if (r == 0)
                r = move(swap, PACKAGE_NAME, PACKAGE_KEPT);
        if (r < 0)
                return r;
        r = move(swap, PACKAGE_NEW, PACKAGE_NAME);
        if (r < 0)
                (void)move(swap, PACKAGE_KEPT, PACKAGE_NAME);
        return r < 0 ? r : strip_kept(swap);
}

static int put_over_theirs(const struct swap *swap)
{
        int r = file_rename_exchange(swap->stdlib_fd, PACKAGE_NEW, swap->stdlib_fd, PACKAGE_NAME);

        if (r == 0) {
                r = keep_fresh(swap);
                if (r < 0)
                        (void)file_rename_exchange(swap->stdlib_fd, PACKAGE_NEW, swap->stdlib_fd, PACKAGE_NAME);
                return r;
        }
        if (r == -EOPNOTSUPP)
                r = put_in_two_steps(swap);
        return r == -EXDEV ? piecewise_put(swap->stdlib_fd) : r;
}

static int put_over_ours(const struct swap *swap)
{
        int r = file_rename_exchange(swap->stdlib_fd, PACKAGE_NEW, swap->stdlib_fd, PACKAGE_NAME);

        if (r == 0)
                return package_remove(swap->stdlib_fd, PACKAGE_NEW);
        return r == -EOPNOTSUPP || r == -EXDEV ? piecewise_refresh(swap->stdlib_fd) : r;
}

int swap_put(struct swap *swap)
{
        int r;

        if (swap->package == PACKAGE_NONE)
                r = move(swap, PACKAGE_NEW, PACKAGE_NAME);
        else if (swap->package == PACKAGE_OURS)
                r = put_over_ours(swap);
        else
                r = put_over_theirs(swap);
        return r < 0 ? r : swap_look(swap->stdlib_fd, swap);
}

void swap_discard(const struct swap *swap)
{
        enum package_kind kind;

        /* Never the interpreter's own, which may be there if putting failed half-way. */
        if (package_look(swap->stdlib_fd, PACKAGE_NEW, &kind) == 0 && (kind == PACKAGE_OURS || kind == PACKAGE_EMPTY))
                (void)package_remove(swap->stdlib_fd, PACKAGE_NEW);
}

static int take_in_two_steps(const struct swap *swap)
{
        int r = move(swap, PACKAGE_NAME, PACKAGE_NEW);

        if (r < 0)
                return r;
        r = move(swap, PACKAGE_KEPT, PACKAGE_NAME);
        if (r < 0)
                (void)move(swap, PACKAGE_NEW, PACKAGE_NAME);
        return r < 0 ? r : package_remove(swap->stdlib_fd, PACKAGE_NEW);
}

static int restore_kept(const struct swap *swap)
{
        int r = file_rename_exchange(swap->stdlib_fd, PACKAGE_KEPT, swap->stdlib_fd, PACKAGE_NAME);

        if (r == 0)
                return package_remove(swap->stdlib_fd, PACKAGE_KEPT);
        if (r == -EOPNOTSUPP)
                r = take_in_two_steps(swap);
        return r == -EXDEV ? piecewise_restore(swap->stdlib_fd) : r;
}

int swap_take_back(struct swap *swap)
{
        int r = 0;

        if (swap->package == PACKAGE_OURS && swap->kept != PACKAGE_NONE) {
                r = restore_kept(swap);
        } else if (swap->package == PACKAGE_OURS) {
                r = move(swap, PACKAGE_NAME, PACKAGE_NEW);
                if (r == 0)
                        r = package_remove(swap->stdlib_fd, PACKAGE_NEW);
                else if (r == -EXDEV)
                        r = package_remove(swap->stdlib_fd, PACKAGE_NAME);
        } else {
                /* Its upgrade brought the interpreter's own back: what was kept is of an older release. */
                if (swap->package == PACKAGE_MIXED)
                        r = package_strip(swap->stdlib_fd, PACKAGE_NAME);
                if (r == 0)
                        r = package_remove(swap->stdlib_fd, PACKAGE_KEPT);
        }
        return r < 0 ? r : swap_look(swap->stdlib_fd, swap);
}
