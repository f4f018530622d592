/* SPDX-License-Identifier: MIT */
/* The drop-in ensurepip: what is there, what may be done, the change. */
#include "base/abi.h"
#include "base/error.h"
#include "base/trust.h"
#include "dropin/interpreter.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *pipseed_dropin_state_name(enum pipseed_dropin_state state)
{
        static const char *const names[] = {
                [PIPSEED_DROPIN_DISABLED] = "disabled",       [PIPSEED_DROPIN_ABSENT] = "absent",
                [PIPSEED_DROPIN_ENABLED] = "enabled",         [PIPSEED_DROPIN_OVERWRITTEN] = "overwritten",
                [PIPSEED_DROPIN_INTERRUPTED] = "interrupted", [PIPSEED_DROPIN_BACKUP_MISSING] = "backup-missing",
        };

        return (size_t)state < ARRAY_SIZE(names) ? names[state] : NULL;
}

void pipseed_dropin_request_init_size(struct pipseed_dropin_request *req, size_t size)
{
        abi_init(req, size);
}

void pipseed_dropin_free(struct pipseed_dropin *dropin)
{
        dropin_free((struct dropin *)(void *)dropin);
}

static int fail_write(const struct dropin *dropin, int sys_errno, struct pipseed_error *err)
{
        (void)error_sys(err, sys_errno, dropin->dropin.ensurepip_dir, "cannot change the interpreter's ensurepip");
        if (sys_errno == -EACCES || sys_errno == -EPERM || sys_errno == -EROFS)
                return error_hint(err, "it takes the rights of whoever installed %s", dropin->dropin.python);
        return err->code;
}

static int recover(struct dropin *dropin, struct pipseed_error *err)
{
        int r = dropin_announce(dropin, "repairing what an interrupted run left of", err);

        if (r == 0) {
                r = swap_recover(&dropin->swap);
                if (r < 0)
                        return fail_write(dropin, r, err);
        }
        return r < 0 ? r : dropin_look(dropin, err);
}

/* Could someone else replace what the drop-in calls? Whoever uses the interpreter would run it. */
static int check_command(const struct dropin *dropin, struct pipseed_error *err)
{
        const struct pipseed_dropin_request *req = &dropin->req;
        const char *at = req->command != NULL && req->command[0] == '/' ? req->command : NULL;
        const struct trust_rule rule = {.owners = {geteuid(), dropin->st.st_uid}};
        struct trust_result result;
        char why[128];
        int r;

        if (req->template_dir == NULL || at == NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL,
                                 "enable needs the absolute path of the command, and the drop-in's directory");
        if (access(at, X_OK) < 0)
                return error_sys(err, errno, at, "the pipseed command cannot be run");
        if (req->force)
                return 0;
        r = trust_look(at, &rule, &result);
        if (r < 0)
                return error_sys(err, r, at, "cannot look at the way to the pipseed command");
        if (result.fault == TRUST_OK)
                return 0;
        trust_describe(&result, why, sizeof(why));
        (void)error_set(err, PIPSEED_E_UNTRUSTED_PATH, result.fault_path,
                        "others than the interpreter's owner could replace the pipseed command: '%s' %s",
                        result.fault_path, why);
        if (result.fault == TRUST_WRITABLE)
                return error_hint(err, "run: chmod go-w %s; or use --force", result.fault_path);
        return error_hint(err, "install pipseed where only its owner can write, or use --force");
}

static int check_owner(const struct dropin *dropin, struct pipseed_error *err)
{
        const struct pipseed_dropin *out = &dropin->dropin;

        if (out->system_package == NULL || dropin->req.force || dropin->swap.package == PACKAGE_OURS ||
            dropin->swap.package == PACKAGE_NONE)
                return 0;
        (void)error_set(err, PIPSEED_E_PACKAGE_OWNED, out->ensurepip_dir, "%s belongs to the system's package %s",
                        out->ensurepip_dir, out->system_package);
        return error_hint(err,
                          "--force replaces it all the same; an upgrade of %s undoes that, which 'pipseed status' "
                          "shows",
                          out->system_package);
}

static int write_new(struct dropin *dropin, struct pipseed_error *err)
{
        struct pipseed_dropin *out = &dropin->dropin;
        const struct package_mark mark = {.version = (char *)PIPSEED_VERSION,
                                          .command = (char *)dropin->req.command,
                                          .has_original = dropin->swap.package != PACKAGE_OURS
                                                                  ? dropin->swap.package != PACKAGE_NONE
                                                                  : dropin->swap.kept != PACKAGE_NONE ||
                                                                            dropin->mark.has_original};
        struct stat st;
        int r;

        if (fstatat(dropin->stdlib_fd, PACKAGE_NAME, &st, 0) < 0)
                st = dropin->st;
        r = package_write(dropin->stdlib_fd, PACKAGE_NEW, st.st_mode, &dropin->text, &mark);
        if (r == 0) {
                package_compile(dropin->stdlib_fd, PACKAGE_NEW, out->python, out->ensurepip_dir);
                r = dropin_announce(dropin, "enabling", err);
        }
        if (r == 0)
                r = swap_put(&dropin->swap);
        if (r < 0) {
                swap_discard(&dropin->swap);
                return err->code != 0 ? err->code : fail_write(dropin, r, err);
        }
        return dropin_look(dropin, err);
}

/* What a dry run can say. */
static void pretend(struct dropin *dropin, enum pipseed_dropin_state state)
{
        dropin->dropin.state = state;
        dropin->dropin.changed = true;
}

int pipseed_dropin_enable(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                          struct pipseed_error *err)
{
        _cleanup_(dropin_freep) struct dropin *dropin = NULL;
        int r = dropin_begin(DROPIN_ENABLE, req, &dropin, err);

        if (r == 0)
                r = check_command(dropin, err);
        if (r == 0)
                r = dropin_lock(dropin, err);
        if (r == 0)
                r = dropin_look(dropin, err);
        if (r == 0)
                r = dropin_find_owner(dropin, err);
        if (r == 0 && dropin->dropin.state == PIPSEED_DROPIN_INTERRUPTED && !dropin->req.dry_run) {
                r = recover(dropin, err);
                dropin->dropin.changed = true;
        }
        if (r == 0)
                r = check_owner(dropin, err);
        if (r < 0)
                return r;
        if (dropin->dropin.state != PIPSEED_DROPIN_ENABLED || !dropin->dropin.up_to_date) {
                if (dropin->req.dry_run)
                        pretend(dropin, PIPSEED_DROPIN_ENABLED);
                else
                        r = write_new(dropin, err);
                dropin->dropin.changed = true;
        }
        if (r < 0)
                return r;
        *ret_dropin = &steal_ptr(dropin)->dropin;
        return 0;
}

static int check_kept(const struct dropin *dropin, struct pipseed_error *err)
{
        const struct pipseed_dropin *out = &dropin->dropin;

        if (out->state != PIPSEED_DROPIN_BACKUP_MISSING || dropin->req.force)
                return 0;
        (void)error_set(err, PIPSEED_E_DROPIN, out->ensurepip_dir,
                        "the ensurepip that %s had before is gone: " PACKAGE_KEPT " is not there", out->python);
        return error_hint(err, "install that Python again; --force takes pipseed's away and leaves it without one");
}

static int take_back(struct dropin *dropin, struct pipseed_error *err)
{
        int r = dropin_announce(dropin, "disabling", err);

        if (r < 0)
                return r;
        r = swap_take_back(&dropin->swap);
        return r < 0 ? fail_write(dropin, r, err) : dropin_look(dropin, err);
}

int pipseed_dropin_disable(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                           struct pipseed_error *err)
{
        _cleanup_(dropin_freep) struct dropin *dropin = NULL;
        int r = dropin_begin(DROPIN_CHANGE, req, &dropin, err);

        if (r == 0)
                r = dropin_lock(dropin, err);
        if (r == 0)
                r = dropin_look(dropin, err);
        if (r == 0 && dropin->dropin.state == PIPSEED_DROPIN_INTERRUPTED && !dropin->req.dry_run) {
                r = recover(dropin, err);
                dropin->dropin.changed = true;
        }
        if (r == 0)
                r = check_kept(dropin, err);
        if (r < 0)
                return r;
        if (dropin->dropin.state != PIPSEED_DROPIN_DISABLED && dropin->dropin.state != PIPSEED_DROPIN_ABSENT) {
                if (dropin->req.dry_run)
                        pretend(dropin, dropin->swap.package == PACKAGE_OURS && dropin->swap.kept == PACKAGE_NONE
                                                ? PIPSEED_DROPIN_ABSENT
                                                : PIPSEED_DROPIN_DISABLED);
                else
                        r = take_back(dropin, err);
                dropin->dropin.changed = true;
        }
        if (r < 0)
                return r;
        *ret_dropin = &steal_ptr(dropin)->dropin;
        return 0;
}

int pipseed_dropin_status(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                          struct pipseed_error *err)
{
        _cleanup_(dropin_freep) struct dropin *dropin = NULL;
        int r = dropin_begin(DROPIN_LOOK, req, &dropin, err);

        if (r == 0)
                r = dropin_look(dropin, err);
        if (r == 0)
                r = dropin_find_owner(dropin, err);
        if (r < 0)
                return r;
        *ret_dropin = &steal_ptr(dropin)->dropin;
        return 0;
}
