/* SPDX-License-Identifier: MIT */
/*
 * pipseed.h - put pip into a virtual environment or an existing Python.
 *
 * The library does what CPython's ensurepip does, from wheels that it carries, without running pip. Calling sequence:
 *
 *     struct pipseed_error err = PIPSEED_ERROR_INIT;
 *     struct pipseed_request req;
 *     struct pipseed_result *res = NULL;
 *
 *     pipseed_request_init(&req);
 *     req.env = "/srv/app/venv";
 *     req.scripts = PIPSEED_SCRIPTS_DEFAULT;
 *     if (pipseed_seed(&req, &res, &err) < 0)
 *             fprintf(stderr, "%s\n", err.message);
 *     pipseed_result_free(res);
 *
 * Every function that can fail returns 0 or a negative enum pipseed_code and fills the error that the caller owns,
 * once, where the fault is detected. Out-parameters are called ret_something, come last and are not changed on failure.
 * Results belong to the caller, who frees each with its own pipseed_..._free; these functions accept NULL. Strings of a
 * result live as long as it does.
 *
 * The library never prints, never exits, and never changes the current directory, the locale, the umask, signal
 * handling or the environment of the process. Events go to the callback of the request.
 *
 * Threads: calls are independent; two threads may seed at once, also into one environment. A request, a result and an
 * error belong to one thread at a time. The library reads the environment variables that pipseed(1) lists (getenv), so
 * no other thread may call setenv meanwhile.
 *
 * Strings are bytes: paths in the file system's own encoding, everything else UTF-8.
 *
 * How structs grow. A program that was compiled against any release works with every later library of the same soname,
 * and with an earlier one as long as it uses nothing that the earlier one does not know. New members are added at the
 * end, never in between; none is removed, and none changes its type or meaning. There are four kinds of structs:
 *
 * - Structs that the caller fills (requests, options, pins) begin with `size`, which pipseed_..._init or the caller
 *   sets to sizeof. The library reads no further than that; absent members have their defaults. Bytes that the library
 *   does not know must be 0: otherwise the call fails with PIPSEED_E_USAGE, since it could not do all that was
 *   requested. These structs have no padding at the end that a later member could move into.
 * - Structs that the library creates (results, lists and their elements, events) are only reached through a pointer,
 *   also as the elements of arrays, and begin with `struct_size`. Check PIPSEED_HAS(pointer, member) before you read a
 *   member that is newer than the oldest library that the program supports. Never copy such a struct by value beyond
 *   struct_size, and never build an array of them.
 * - Structs that the library fills for the caller (struct pipseed_policy_value) also begin with `size`: the library
 *   writes no further, and sets members that it does not know to 0.
 * - struct pipseed_error never changes its size. New members replace reserved bytes, which are 0.
 *
 * Enumerations get new values at their end, error codes anywhere: ignore an unknown action or event, and treat
 * an unknown code by its class (pipseed_exit_code). docs/hacking.md says how each rule is tested.
 */
#ifndef PIPSEED_H
#define PIPSEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIPSEED_VERSION_MAJOR 0
#define PIPSEED_VERSION_MINOR 1
#define PIPSEED_VERSION_PATCH 0
#define PIPSEED_VERSION "0.1.0"

#if defined(__GNUC__)
#define PIPSEED_API __attribute__((visibility("default")))
#define PIPSEED_DEPRECATED(text) __attribute__((deprecated(text)))
#else
#define PIPSEED_API
#define PIPSEED_DEPRECATED(text)
#endif

/* Tells whether a struct that the library created has this member: PIPSEED_HAS(result, scripts). */
#define PIPSEED_HAS(pointer, member)                                                                                   \
        ((pointer)->struct_size >= (size_t)((const char *)(&(pointer)->member + 1) - (const char *)(pointer)))

/* ---- errors ---------------------------------------------------------------------------------------------------- */

/*
 * Error codes. The hundreds are the class, and the class is the exit code of the command (pipseed_exit_code):
 * -1xx failed, -2xx usage, -3xx refused, -4xx integrity. docs/errors.md explains each by its name.
 * X(symbol, value, name)
 */
#define PIPSEED_CODES(X)                                                                                               \
        X(FAILED, -100, "failed")                                                                                      \
        X(IO, -101, "io")                                                                                              \
        X(NO_MEMORY, -102, "no-memory")                                                                                \
        X(NO_TARGET, -103, "no-target")                                                                                \
        X(BAD_TARGET, -104, "bad-target")                                                                              \
        X(PROBE_FAILED, -105, "probe-failed")                                                                          \
        X(NO_WHEEL, -106, "no-wheel")                                                                                  \
        X(CANCELLED, -107, "cancelled")                                                                                \
        X(BUSY, -108, "busy")                                                                                          \
        X(COMPILE_FAILED, -109, "compile-failed")                                                                      \
        X(UNSUPPORTED, -110, "unsupported")                                                                            \
        X(NO_STORE, -111, "no-store")                                                                                  \
        X(HOOK_FAILED, -112, "hook-failed")                                                                            \
        X(NOT_EMPTY, -113, "not-empty")                                                                                \
        X(NOT_INSTALLED, -114, "not-installed")                                                                        \
        X(BATCH_FAILED, -115, "batch-failed")                                                                          \
        X(USAGE, -200, "usage")                                                                                        \
        X(BAD_VERSION, -201, "bad-version")                                                                            \
        X(BAD_SPECIFIER, -202, "bad-specifier")                                                                        \
        X(BAD_VALUE, -203, "bad-value")                                                                                \
        X(REFUSED, -300, "refused")                                                                                    \
        X(USER_IN_VENV, -301, "user-in-venv")                                                                          \
        X(EXTERNALLY_MANAGED, -302, "externally-managed")                                                              \
        X(POLICY_SYNTAX, -303, "policy-syntax")                                                                        \
        X(POLICY_VALUE, -304, "policy-value")                                                                          \
        X(POLICY_UNTRUSTED, -305, "policy-untrusted")                                                                  \
        X(POLICY_LOCKED, -306, "policy-locked")                                                                        \
        X(POLICY_UNREADABLE, -307, "policy-unreadable")                                                                \
        X(USER_DENIED, -308, "user-denied")                                                                            \
        X(UNPINNED, -309, "unpinned")                                                                                  \
        X(DOWNGRADE, -310, "downgrade")                                                                                \
        X(UNTRUSTED_PATH, -311, "untrusted-path")                                                                      \
        X(PACKAGE_OWNED, -312, "package-owned")                                                                        \
        X(UNTRUSTED_INTERPRETER, -313, "untrusted-interpreter")                                                        \
        X(INTEGRITY, -400, "integrity")                                                                                \
        X(WHEEL_HASH, -401, "wheel-hash")                                                                              \
        X(WHEEL_NAME, -402, "wheel-name")                                                                              \
        X(ZIP_NO_EOCD, -410, "zip-no-eocd")                                                                            \
        X(ZIP_TRAILING, -411, "zip-trailing")                                                                          \
        X(ZIP_PREFIX, -412, "zip-prefix")                                                                              \
        X(ZIP_COUNT, -413, "zip-count")                                                                                \
        X(ZIP_TRUNCATED, -414, "zip-truncated")                                                                        \
        X(ZIP_CENTRAL, -415, "zip-central")                                                                            \
        X(ZIP_LOCAL, -416, "zip-local")                                                                                \
        X(ZIP_HEADER_MISMATCH, -417, "zip-header-mismatch")                                                            \
        X(ZIP_OVERLAP, -418, "zip-overlap")                                                                            \
        X(ZIP_DUPLICATE, -419, "zip-duplicate")                                                                        \
        X(ZIP_METHOD, -420, "zip-method")                                                                              \
        X(ZIP_ENCRYPTED, -421, "zip-encrypted")                                                                        \
        X(ZIP_EXTRA, -422, "zip-extra")                                                                                \
        X(ZIP_TYPE, -423, "zip-type")                                                                                  \
        X(ZIP_NAME, -424, "zip-name")                                                                                  \
        X(ZIP_PATH, -425, "zip-path")                                                                                  \
        X(ZIP_NAME_COLLISION, -426, "zip-name-collision")                                                              \
        X(ZIP_DIRECTORY_DATA, -427, "zip-directory-data")                                                              \
        X(ZIP_SIZE, -428, "zip-size")                                                                                  \
        X(ZIP_CRC, -429, "zip-crc")                                                                                    \
        X(ZIP_BOMB, -430, "zip-bomb")                                                                                  \
        X(ZIP_DECODER_MISMATCH, -431, "zip-decoder-mismatch")                                                          \
        X(ZIP_DATA, -432, "zip-data")                                                                                  \
        X(ZIP_MULTIDISK, -433, "zip-multidisk")                                                                        \
        X(ZIP_ZIP64, -434, "zip-zip64")                                                                                \
        X(ZIP_DESCRIPTOR, -435, "zip-descriptor")                                                                      \
        X(ZIP_GAP, -436, "zip-gap")                                                                                    \
        X(DIST_INFO, -450, "dist-info")                                                                                \
        X(METADATA, -451, "metadata")                                                                                  \
        X(WHEEL_FILE, -452, "wheel-file")                                                                              \
        X(WHEEL_VERSION, -453, "wheel-version")                                                                        \
        X(ENTRY_POINTS, -454, "entry-points")                                                                          \
        X(SCRIPT_NAME, -455, "script-name")                                                                            \
        X(DATA_SCHEME, -456, "data-scheme")                                                                            \
        X(RESERVED_NAME, -457, "reserved-name")                                                                        \
        X(RECORD_SYNTAX, -460, "record-syntax")                                                                        \
        X(RECORD_MISSING, -461, "record-missing")                                                                      \
        X(RECORD_EXTRA, -462, "record-extra")                                                                          \
        X(RECORD_HASH, -463, "record-hash")                                                                            \
        X(RECORD_SIZE, -464, "record-size")                                                                            \
        X(RECORD_PATH, -465, "record-path")                                                                            \
        X(RECORD_DUPLICATE, -466, "record-duplicate")                                                                  \
        X(STORE_ENTRY, -470, "store-entry")                                                                            \
        X(STORE_UNTRUSTED, -471, "store-untrusted")                                                                    \
        X(INSTALL_CHANGED, -480, "install-changed")                                                                    \
        X(INSTALL_MISSING, -481, "install-missing")                                                                    \
        X(INSTALL_EXTRA, -482, "install-extra")                                                                        \
        X(INSTALL_VERSION, -483, "install-version")                                                                    \
        X(INSTALL_LINK, -484, "install-link")                                                                          \
        X(INSTALL_OWNER, -485, "install-owner")                                                                        \
        X(INSTALL_MODE, -486, "install-mode")                                                                          \
        X(INSTALL_SHARED, -487, "install-shared")                                                                      \
        X(LEFTOVER, -490, "leftover")                                                                                  \
        X(PIP_LEFTOVER, -491, "pip-leftover")                                                                          \
        X(BASE_MISSING, -492, "base-missing")                                                                          \
        X(BASE_CHANGED, -493, "base-changed")                                                                          \
        X(ENV_CONFIG, -494, "env-config")                                                                              \
        X(ENV_MOVED, -495, "env-moved")                                                                                \
        X(DROPIN, -498, "dropin")

enum pipseed_code {
        PIPSEED_OK = 0,
#define PIPSEED_CODE_ENUM(symbol, value, name) PIPSEED_E_##symbol = (value),
        PIPSEED_CODES(PIPSEED_CODE_ENUM)
#undef PIPSEED_CODE_ENUM
};

/* An error, owned by the caller. Strings end with NUL and are empty if there is nothing to say; texts that are too
 * long are cut. message has no final full stop, and is one line unless it quotes a file (PEP 668); hint says in one
 * line what to do. */
struct pipseed_error {
        int code;      /* enum pipseed_code; 0: no error */
        int sys_errno; /* errno of the failed system call, or 0 */
        char path[4096];
        char message[1024];
        char hint[512];
        uint64_t reserved[63]; /* 0 */
};

#define PIPSEED_ERROR_INIT                                                                                             \
        {                                                                                                              \
                0                                                                                                      \
        }

/* Returns the stable lower-case name of a code ("zip-duplicate"), or NULL if there is no such code. Static string. */
PIPSEED_API const char *pipseed_code_name(int code);
/* Returns the command's exit code for a code: 0, 1, 2, 3 or 4. */
PIPSEED_API int pipseed_exit_code(int code);
/* Returns the version of the library at run time, such as "0.1.0". Static string. */
PIPSEED_API const char *pipseed_version(void);

#if defined(__GNUC__)
#define PIPSEED_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#else
#define PIPSEED_PRINTF(at, first)
#endif

/*
 * For programs that add their own errors to those of the library. Fills err and returns its code, for use in a return
 * statement. path may be NULL; texts that are too long are cut. An error that is already filled is not changed: the
 * first one wins.
 *
 *     return pipseed_error_set(err, PIPSEED_E_USAGE, NULL, "%s needs a value", name);
 *     return pipseed_error_sys(err, errno, path, "cannot read the list");
 */
PIPSEED_API int pipseed_error_set(struct pipseed_error *err, int code, const char *path, const char *format, ...)
        PIPSEED_PRINTF(4, 5);
/* The same for a failed system call: appends ": " and strerror(3) of sys_errno, which may have either sign, to the
 * message. The code is PIPSEED_E_IO, or PIPSEED_E_NO_MEMORY for ENOMEM. */
PIPSEED_API int pipseed_error_sys(struct pipseed_error *err, int sys_errno, const char *path, const char *format, ...)
        PIPSEED_PRINTF(4, 5);
PIPSEED_API int pipseed_error_memory(struct pipseed_error *err);
/* Sets the hint, one line; the first hint stays. Returns err->code. */
PIPSEED_API int pipseed_error_hint(struct pipseed_error *err, const char *format, ...) PIPSEED_PRINTF(2, 3);

/* ---- events ---------------------------------------------------------------------------------------------------- */

enum pipseed_event_kind {
        PIPSEED_EVENT_DETAIL,   /* a step of the work, for -v */
        PIPSEED_EVENT_NOTE,     /* information */
        PIPSEED_EVENT_WARNING,  /* a problem that does not stop the call */
        PIPSEED_EVENT_PROGRESS, /* done of total; text names the unit: "files unpacked" */
        PIPSEED_EVENT_TICK,     /* the call waits; text says for what */
};

/*
 * Progress is sent about every 50 ms while work lasts: "files unpacked", "modules compiled", "files placed", "files
 * verified". Work that takes less time sends none. A call that waits for another process (an interpreter that is
 * queried or compiles, a lock) sends progress again, or a tick if there is no progress, at the same interval and when a
 * signal handler has run. So a caller can cancel at any time, even if it shows no progress.
 */
struct pipseed_event {
        size_t struct_size;
        enum pipseed_event_kind kind;
        const char *text; /* one line, valid during the callback */
        uint64_t done;
        uint64_t total;
};

/* The event callback. A non-zero return value cancels: the call stops the processes that it runs, rolls back and
 * fails with PIPSEED_E_CANCELLED, within about 100 ms; but not while a transaction is committed, which takes
 * milliseconds, or while the system syncs a file system (durable). The library may call it from a worker thread, but
 * never from two threads at once. data is the request's event_data; event is valid during the callback. */
typedef int pipseed_event_fn(void *data, const struct pipseed_event *event);

/*
 * Checks whether a program, a module or a directory at this absolute path is trusted enough to be run or loaded: it,
 * every directory above it and those above each symbolic link on the way belong to root or to the effective user, and
 * no other user can write them, by mode or by ACL. A sticky directory such as /tmp is allowed if the entry in it has a
 * trusted owner. A path below one of the n absolute directories of trusted passes whoever owns it (trusted may be
 * NULL). See SECURITY.md, "Trust model".
 *
 * Returns 0. Errors: UNTRUSTED_PATH (err->path is the file or directory that does not pass); IO (something is missing
 * or cannot be examined).
 */
PIPSEED_API int pipseed_trust_check(const char *path, const char *const *trusted, size_t n, struct pipseed_error *err);

/* The same for an interpreter that the caller is about to run as it is, also an environment's own: in addition it
 * checks the directory that `home` of its pyvenv.cfg names (PEP 405). Errors: UNTRUSTED_INTERPRETER, IO, BAD_TARGET
 * (it is missing). */
PIPSEED_API int pipseed_trust_check_python(const char *path, const char *const *trusted, size_t n,
                                           struct pipseed_error *err);

/* ---- request --------------------------------------------------------------------------------------------------- */

enum pipseed_scripts {
        PIPSEED_SCRIPTS_ENSUREPIP, /* pipX and pipX.Y */
        PIPSEED_SCRIPTS_DEFAULT,   /* pip, pipX and pipX.Y */
        PIPSEED_SCRIPTS_ALT,       /* pipX.Y only */
};

enum pipseed_require_hash { PIPSEED_REQUIRE_HASH_AUTO, PIPSEED_REQUIRE_HASH_YES, PIPSEED_REQUIRE_HASH_NO };

enum pipseed_link_mode {
        PIPSEED_LINK_AUTO, /* for each file the first that works: reflink, hardlink, copy. No hardlink if the caller is
                              root, with `root`, or if others can write the file (docs/store.md) */
        PIPSEED_LINK_REFLINK,
        PIPSEED_LINK_HARDLINK,
        PIPSEED_LINK_COPY,
        PIPSEED_LINK_SYMLINK,
};

enum pipseed_bytecode { PIPSEED_BYTECODE_YES, PIPSEED_BYTECODE_NO, PIPSEED_BYTECODE_CHECKED_HASH };

/* A pinned wheel: file name and the lower-case hex sha256 of the whole file. */
struct pipseed_pin {
        size_t size; /* sizeof(struct pipseed_pin) */
        const char *filename;
        const char *sha256;
};

/*
 * A request. Call pipseed_request_init, then set members. All pointers are borrowed: they must live until the call
 * returns. NULL or 0 means the default that is described.
 *
 * Target: env is an environment's directory; python is an interpreter (a path, or a name or version on PATH:
 * pipseed(1), "Interpreters"). Set at most one of them. If both are NULL, the target is the active environment
 * (VIRTUAL_ENV), or python3 on PATH if no environment is active. With root, everything is written below that directory,
 * as with pip's --root; if root contains the interpreter that python names, that one is used, and it is never run.
 */
struct pipseed_request {
        size_t size; /* sizeof(struct pipseed_request), set by pipseed_request_init: lets the struct grow */

        const char *env;
        const char *python;
        const char *root;

        bool upgrade;
        bool user;
        bool allow_user;                  /* policy seed.user; default true */
        bool override_externally_managed; /* policy seed.externally-managed */
        bool dry_run;
        bool bundled; /* use the wheels inside the library; default true */
        bool durable;
        bool force_reinstall; /* install the installed version again */
        enum pipseed_scripts scripts;
        enum pipseed_require_hash require_hash;
        enum pipseed_link_mode link_mode;
        enum pipseed_bytecode bytecode;
        unsigned int jobs; /* worker threads and compiling processes; 0: as many as there are processors */

        const char *pip;       /* PEP 440 specifier or a bare version; NULL or "newest": the newest compatible one */
        const char *packages;  /* NULL or "auto", else names separated by blanks: "pip", "pip setuptools" */
        const char *installer; /* content of INSTALLER; default "pipseed" */

        const char *const *wheel_dirs; /* searched besides the bundle */
        size_t n_wheel_dirs;
        const struct pipseed_pin *const *pins;
        size_t n_pins;

        const char *cache_dir;        /* the store; NULL: $XDG_CACHE_HOME/pipseed or ~/.cache/pipseed */
        const char *system_cache_dir; /* a read-only store, or NULL */

        pipseed_event_fn *event;
        void *event_data;

        struct pipseed_verify_cache *verify_cache; /* for pipseed_verify and pipseed_doctor, or NULL */

        const char *const *trust; /* directories whose interpreters may run although others own them, absolute */
        size_t n_trust;
};

/* size: sizeof(struct pipseed_request) where the caller was compiled. */
PIPSEED_API void pipseed_request_init_size(struct pipseed_request *req, size_t size);

static inline void pipseed_request_init(struct pipseed_request *req)
{
        pipseed_request_init_size(req, sizeof(*req));
}

/* ---- result ---------------------------------------------------------------------------------------------------- */

enum pipseed_action {
        PIPSEED_ACTION_NONE, /* nothing done: already installed, or nothing to remove */
        PIPSEED_ACTION_INSTALLED,
        PIPSEED_ACTION_UPGRADED,
        PIPSEED_ACTION_REMOVED,
};

/* Returns "none", "installed", "upgraded" or "removed". Static string. */
PIPSEED_API const char *pipseed_action_name(enum pipseed_action action);

struct pipseed_package {
        size_t struct_size;
        const char *name;
        const char *version;          /* now installed; the removed one after a removal; NULL: none was there */
        const char *previous_version; /* before an upgrade, else NULL */
        const char *location;         /* directory that holds the dist-info, without root */
        const char *wheel;            /* file name of the wheel, NULL when nothing was installed */
        const char *sha256;           /* of the wheel, hex, or NULL */
        const char *source;           /* "bundled" or the wheel's directory, or NULL */
        enum pipseed_action action;
        uint64_t n_files;         /* regular files placed or removed, bytecode included */
        uint64_t n_pyc;           /* of these, .pyc */
        uint64_t n_not_verified;  /* pipseed_verify: of n_files, those that could not be checked */
        const char *not_verified; /* how many for which reason, one line, or NULL */
};

struct pipseed_result {
        size_t struct_size;
        const char *env;         /* prefix of the target, absolute, without root */
        const char *python;      /* interpreter, as written into scripts */
        const char *version;     /* X.Y.Z of the target */
        const char *scripts_dir; /* where scripts are, without root */
        bool is_venv;
        const struct pipseed_package *const *packages;
        size_t n_packages;
        const char *const *scripts; /* names of the scripts written or removed */
        size_t n_scripts;
        uint64_t n_reflinked, n_hardlinked, n_copied, n_symlinked; /* files placed, by how */
};

PIPSEED_API void pipseed_result_free(struct pipseed_result *res);

/* ---- calls ----------------------------------------------------------------------------------------------------- */

/* Installs pip (and the packages that the target's ensurepip would install with it) into the target. Atomic: on
 * success the target is completely seeded, on failure it is unchanged. Errors: every code. */
PIPSEED_API int pipseed_seed(const struct pipseed_request *req, struct pipseed_result **ret_result,
                             struct pipseed_error *err);

/* Uninstalls pip (and, below Python 3.12, setuptools), by RECORD. Uses the target, packages and dry_run of the request.
 * Succeeds with PIPSEED_ACTION_NONE if nothing is installed. Atomic, as pipseed_seed. */
PIPSEED_API int pipseed_unseed(const struct pipseed_request *req, struct pipseed_result **ret_result,
                               struct pipseed_error *err);

/* One difference between the installed files and RECORD, the wheel or the policy. */
struct pipseed_finding {
        size_t struct_size;
        int code;            /* PIPSEED_E_INSTALL_* */
        const char *path;    /* absolute, or NULL */
        const char *message; /* one line */
};

struct pipseed_verify_report {
        size_t struct_size;
        const char *env; /* as in struct pipseed_result */
        const char *python;
        const char *version;
        const struct pipseed_package *const *packages; /* action none */
        size_t n_packages;
        const struct pipseed_finding *const *findings;
        size_t n_findings;
};

/* Results of earlier calls of pipseed_verify, for later ones: files that several environments share are read once,
 * bytecode that several have is compiled once. Create one for the environments of one run, set it in each request,
 * from any number of threads, and free it after the last call. A file is read again if its inode, size or times
 * differ. pipseed_verify_cache_new returns NULL if memory is exhausted. */
struct pipseed_verify_cache;
PIPSEED_API struct pipseed_verify_cache *pipseed_verify_cache_new(void);
PIPSEED_API void pipseed_verify_cache_free(struct pipseed_verify_cache *cache);

/* Checks the installed packages against their RECORD, against the wheel of the same version if it is available, and
 * against the versions and pins of the request; bytecode against the store, or, if no store has it, against what the
 *base interpreter compiles from the source.n_not_verified of each package counts the files that could not be checked.*
                 Findings are not a failure : the call returns 0 and
         the report lists them.Errors : as pipseed_interpreter_find.*/
PIPSEED_API int pipseed_verify(const struct pipseed_request *req, struct pipseed_verify_report **ret_report,
                               struct pipseed_error *err);
PIPSEED_API void pipseed_verify_report_free(struct pipseed_verify_report *report);

/* One issue of an environment. */
struct pipseed_issue {
        size_t struct_size;
        int code;            /* PIPSEED_E_LEFTOVER to ENV_MOVED, PIPSEED_E_INSTALL_* */
        const char *path;    /* absolute, or NULL */
        const char *message; /* one line */
        const char *hint;    /* what to do about it when it is not repaired, or NULL */
        bool repairable;     /* pipseed_doctor with fix is able to */
        bool repaired;       /* it was */
};

struct pipseed_doctor_report {
        size_t struct_size;
        const char *env;     /* the directory, absolute; without root */
        const char *python;  /* its interpreter; NULL: it has none that can be used */
        const char *version; /* X.Y.Z, or NULL */
        const struct pipseed_issue *const *issues;
        size_t n_issues;
        size_t n_unrepaired; /* of these, not repaired */
};

/* Finds issues of an environment: leftovers of interrupted runs of pipseed and of pip, a missing or changed base
 * interpreter, a pyvenv.cfg without a usable home, scripts of another place, pip installed twice or not matching its
 * RECORD, files of another owner. With fix, repairs them; each repair is a separate transaction, and afterwards
 * everything is examined again. Issues are not a failure. Uses the target, wheels and store of the request. Errors:
 * NO_TARGET, UNTRUSTED_INTERPRETER, UNTRUSTED_PATH (with fix: another user's environment, as root), IO, NO_MEMORY,
 * CANCELLED. */
PIPSEED_API int pipseed_doctor(const struct pipseed_request *req, bool fix, struct pipseed_doctor_report **ret_report,
                               struct pipseed_error *err);
PIPSEED_API void pipseed_doctor_report_free(struct pipseed_doctor_report *report);

/* One wheel that could be installed. */
struct pipseed_wheel {
        size_t struct_size;
        const char *filename;
        const char *name; /* normalised project name */
        const char *version;
        const char *sha256;          /* hex */
        const char *requires_python; /* specifier, or NULL */
        const char *source;          /* "bundled" or a directory */
        uint64_t size;               /* bytes */
        int status;                  /* 0, or why it cannot be used: an enum pipseed_code */
        const char *problem;         /* message that belongs to status, or NULL */
};

struct pipseed_wheel_list {
        size_t struct_size;
        const struct pipseed_wheel *const *wheels;
        size_t n_wheels;
};

/* Lists all wheels of the request's bundle and directories, newest first within a name. With check, reads every
 * wheel whole and checks it against the strict rules (docs/errors.md); defects are reported in its status. */
PIPSEED_API int pipseed_wheels(const struct pipseed_request *req, bool check, struct pipseed_wheel_list **ret_list,
                               struct pipseed_error *err);
PIPSEED_API void pipseed_wheel_list_free(struct pipseed_wheel_list *list);

/* ---- whole environments ------------------------------------------------------------------------------------------ */

/*
 * A virtual environment to be created with pip in it: the one that `python -m venv` of the same base creates. Calling
 * sequence:
 *
 *     struct pipseed_request seeding;
 *     struct pipseed_create_request req;
 *     struct pipseed_environment *env = NULL;
 *
 *     pipseed_create_request_init(&req, &seeding);
 *     pipseed_policy_apply_create(policy, &req, &err);       pipseed_policy.h; leave it out to obey no policy
 *     req.env_dir = "/srv/app/venv";
 *     if (pipseed_create(&req, &env, &err) < 0)
 *             ...
 *     pipseed_environment_free(env);
 */
struct pipseed_create_request {
        size_t size; /* sizeof(struct pipseed_create_request), set by pipseed_create_request_init */

        const char *env_dir;
        const char *python; /* base interpreter: a path, a name on PATH, or a version such as "3.12"; NULL: python3 on
                               PATH. An environment's interpreter stands for its base */
        const char *prompt; /* NULL: the directory's name; ".": the current one's (bases from 3.9 on, as in venv) */
        bool system_site_packages;
        bool copies; /* copy the interpreter instead of linking to it */
        bool clear;
        bool upgrade; /* the base was upgraded in place: update all but the activate scripts */
        bool without_pip;
        bool without_scm_ignore_files; /* no .gitignore, which Python 3.13 and newer write */

        /* Selects pip as for pipseed_seed; dry_run, durable, jobs, cache_dir and event apply to the whole call.
         * Leave env, python, root and user unset. An installed pip is upgraded, whatever upgrade says: venv runs
         * `ensurepip --upgrade`. */
        struct pipseed_request *seeding;

        const char *const *hooks;        /* modules with venv_hook.h, called in this order; ended by NULL, or NULL */
        const char *const *hook_options; /* what their contexts have as options; likewise */
};

struct pipseed_environment {
        size_t struct_size;
        const char *dir;     /* absolute */
        const char *python;  /* its interpreter, as scripts name it */
        const char *base;    /* the interpreter behind it, which belongs to no environment */
        const char *version; /* X.Y.Z of both */
        bool existed;        /* it was an environment (it had a pyvenv.cfg); with clear, it was replaced */
        const struct pipseed_result *seed_result; /* NULL: without_pip */
};

/* Sets the defaults of both; the scripts of the seeding are those of venv: pip, pipX and pipX.Y. The sizes are those
 * of the structs where the caller was compiled. */
PIPSEED_API void pipseed_create_request_init_size(struct pipseed_create_request *req, size_t size,
                                                  struct pipseed_request *seeding, size_t seeding_size);

static inline void pipseed_create_request_init(struct pipseed_create_request *req, struct pipseed_request *seeding)
{
        pipseed_create_request_init_size(req, sizeof(*req), seeding, sizeof(*seeding));
}

/*
 * Runs the pre_create hooks, creates the environment, seeds it, and runs the post_create hooks; if a step fails, all of
 * it is rolled back. Whatever can be refused is refused before anything is written. With dry_run nothing is written:
 * the result says what would be created, its seed_result which wheels would be installed, and of the hooks only
 * pre_create is called.
 *
 * A new directory appears complete or not at all, and so does, with clear, the one that replaces another. In an
 * existing directory, files are replaced one by one and restored if one fails; a symbolic link in the place of the
 * directory itself, of bin, include or lib is refused, as in venv. An interpreter that is a working link stays, as in
 * venv: base and version then describe it. On failure everything is unchanged, except for packages that hooks or the
 * seeding installed into an existing environment, and except for clear of a directory that cannot be replaced (the
 * current one, a mount point, one whose parent the caller may not write), which may be empty then. What a killed call
 * left beside env_dir is removed by the next one for the same env_dir.
 *
 * Errors: NO_TARGET, BAD_TARGET and PROBE_FAILED (the base), UNSUPPORTED (what its venv makes is not known), BAD_VALUE
 * (a colon in env_dir), NOT_EMPTY (something is in the way; clear of what is not an environment), REFUSED (clear of a
 * directory that HOME or the current directory is in), BUSY (another call works on env_dir), CANCELLED, IO; those of
 * pipseed_seed, with the same code, path and hint; HOOK_FAILED (a hook cannot be loaded or failed), USAGE, REFUSED,
 * INTEGRITY (by the status of a hook).
 */
PIPSEED_API int pipseed_create(const struct pipseed_create_request *req, struct pipseed_environment **ret_env,
                               struct pipseed_error *err);
PIPSEED_API void pipseed_environment_free(struct pipseed_environment *env);

/* ---- the store ------------------------------------------------------------------------------------------------- */

/* One wheel in the store, unpacked, with its bytecode. */
struct pipseed_cache_entry {
        size_t struct_size;
        const char *wheel;        /* file name, NULL when the entry is too damaged to tell */
        const char *sha256;       /* hex, of the wheel */
        const char *path;         /* its directory, absolute */
        uint64_t bytes;           /* of all files */
        uint64_t n_files;         /* bytecode included */
        uint64_t n_bytecode_sets; /* one for each interpreter's magic number */
        int64_t last_used;        /* seconds since 1970, within an hour */
        bool in_use;              /* by a seeding that runs now */
        int status;               /* 0, or PIPSEED_E_STORE_ENTRY */
        const char *problem;      /* which file differs and how, or NULL */
};

struct pipseed_cache {
        size_t struct_size;
        const char *path; /* directory of the store, NULL when there is none */
        const struct pipseed_cache_entry *const *entries;
        size_t n_entries;
        uint64_t bytes;
};

/* Lists the entries of the store. With check, reads every file and checks it against its manifest: this also finds
 * an edit that restored size and time, and the next call that needs the entry rebuilds it. Errors: NO_STORE, IO,
 * NO_MEMORY, CANCELLED. */
PIPSEED_API int pipseed_cache_list(const struct pipseed_request *req, bool check, struct pipseed_cache **ret_cache,
                                   struct pipseed_error *err);
/* Adds to the store what pipseed_seed of this request would need, unpacked and compiled; the target is not changed.
 * ret_cache lists these entries, also of the system store. With dry_run nothing is made, and an entry that would be
 * has no path (NULL). */
PIPSEED_API int pipseed_cache_warm(const struct pipseed_request *req, struct pipseed_cache **ret_cache,
                                   struct pipseed_error *err);
/* Removes entries that were not used for max_age seconds, then the least recently used ones until at most max_bytes
 * remain, and damaged ones in any case. Entries in use stay. UINT64_MAX means no limit; 0 and 0 remove everything.
 * ret_cache lists the removed entries (with dry_run: those that would be). */
PIPSEED_API int pipseed_cache_prune(const struct pipseed_request *req, uint64_t max_age, uint64_t max_bytes,
                                    struct pipseed_cache **ret_cache, struct pipseed_error *err);
PIPSEED_API void pipseed_cache_free(struct pipseed_cache *cache);

/* ---- the drop-in ensurepip --------------------------------------------------------------------------------------- */

enum pipseed_dropin_state {
        PIPSEED_DROPIN_DISABLED,       /* the interpreter has its own ensurepip */
        PIPSEED_DROPIN_ABSENT,         /* it has none (Debian without python3-venv) */
        PIPSEED_DROPIN_ENABLED,        /* its ensurepip is pipseed's */
        PIPSEED_DROPIN_OVERWRITTEN,    /* it was; an upgrade of the interpreter has restored its own */
        PIPSEED_DROPIN_INTERRUPTED,    /* a call was killed: the next enable or disable completes it or rolls it back */
        PIPSEED_DROPIN_BACKUP_MISSING, /* enabled, but the backup of the interpreter's own is missing */
};

/* "disabled", "absent", "enabled", "overwritten", "interrupted", "backup-missing" */
PIPSEED_API const char *pipseed_dropin_state_name(enum pipseed_dropin_state state);

/* Fill with pipseed_dropin_request_init. All pointers are borrowed. */
struct pipseed_dropin_request {
        size_t size;         /* sizeof(struct pipseed_dropin_request) */
        const char *python;  /* as in pipseed_create_request; NULL: the active environment's, else python3 on PATH */
        const char *command; /* absolute path of the pipseed command that the drop-in is to call */
        const char *template_dir; /* the drop-in's files, as installed with the command */
        bool force;
        bool dry_run;
        const char *cache_dir; /* as in pipseed_request: remembers interpreters */
        pipseed_event_fn *event;
        void *event_data;

        const char *const *trust; /* as in pipseed_request; pipseed_dropin_enable runs python whoever owns it */
        size_t n_trust;
};

struct pipseed_dropin {
        size_t struct_size;
        const char *python;          /* the interpreter; the base if an environment was named */
        const char *version;         /* X.Y.Z */
        const char *stdlib;          /* directory, without links, that contains ensurepip_dir and backup */
        const char *ensurepip_dir;   /* STDLIB/ensurepip */
        const char *backup;          /* STDLIB/.pipseed-ensurepip, NULL if it does not exist */
        const char *system_package;  /* that its own belongs to; NULL: none, or not looked for */
        const char *command;         /* pipseed that the drop-in calls, NULL without a drop-in */
        const char *command_version; /* version of the pipseed that enabled, likewise */
        bool command_missing;        /* it cannot be run */
        bool up_to_date;             /* the drop-in is the one that pipseed_dropin_enable of this request writes */
        bool changed;                /* this call changed something (with dry_run: would) */
        enum pipseed_dropin_state state;
};

/* size: sizeof(struct pipseed_dropin_request) where the caller was compiled. */
PIPSEED_API void pipseed_dropin_request_init_size(struct pipseed_dropin_request *req, size_t size);

static inline void pipseed_dropin_request_init(struct pipseed_dropin_request *req)
{
        pipseed_dropin_request_init_size(req, sizeof(*req));
}

/*
 * Puts a package `ensurepip` that calls pipseed into the interpreter's stdlib directory; the interpreter's own is kept
 * beside it, under a name that cannot be imported. Replaces an older drop-in and completes an interrupted call. If the
 * call is killed at any moment, the interpreter has one or the other. File systems that cannot exchange or rename
 * directories: docs/enable.md.
 *
 * Errors: those of pipseed_interpreter_find; PACKAGE_OWNED (the interpreter's own belongs to a package of the system;
 * not with force); UNTRUSTED_PATH (others could replace the command; not with force); USAGE, UNSUPPORTED, BUSY,
 * CANCELLED, IO.
 */
PIPSEED_API int pipseed_dropin_enable(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                                      struct pipseed_error *err);
/* Restores the interpreter's own, byte for byte. Succeeds if the drop-in is not enabled. Errors: those of
 * pipseed_interpreter_find; DROPIN (the backup is missing; not with force: then the interpreter has no ensurepip),
 * BUSY, CANCELLED, IO. */
PIPSEED_API int pipseed_dropin_disable(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                                       struct pipseed_error *err);
/* Reports the state of the drop-in. Changes nothing. */
PIPSEED_API int pipseed_dropin_status(const struct pipseed_dropin_request *req, struct pipseed_dropin **ret_dropin,
                                      struct pipseed_error *err);
PIPSEED_API void pipseed_dropin_free(struct pipseed_dropin *dropin);

/* Interpreters: those on PATH, then those that the cache knows and that still exist. Absolute paths; several may be
 * links to one interpreter. */
struct pipseed_pythons {
        size_t struct_size;
        const char *const *paths;
        size_t n_paths;
};

/* The interpreter that a name stands for. */
struct pipseed_interpreter {
        size_t struct_size;
        const char *python;         /* absolute, as scripts would name it */
        const char *base;           /* the base interpreter, which belongs to no environment; python outside of one */
        const char *version;        /* X.Y.Z */
        const char *implementation; /* "cpython", "pypy" */
        bool is_venv;
};

/* Finds the target of a request. Uses its env, python, root, cache_dir, trust and event as pipseed_seed does.
 * Changes nothing, and runs an interpreter only if it is trusted and the cache does not know it. Errors: NO_TARGET,
 * BAD_TARGET, PROBE_FAILED, UNTRUSTED_INTERPRETER, USAGE, CANCELLED, NO_MEMORY, IO. */
PIPSEED_API int pipseed_interpreter_find(const struct pipseed_request *req,
                                         struct pipseed_interpreter **ret_interpreter, struct pipseed_error *err);
PIPSEED_API void pipseed_interpreter_free(struct pipseed_interpreter *interpreter);

PIPSEED_API int pipseed_pythons_find(const char *cache_dir, struct pipseed_pythons **ret_pythons,
                                     struct pipseed_error *err);
PIPSEED_API void pipseed_pythons_free(struct pipseed_pythons *pythons);

/* Tells whether a version satisfies a specifier (PEP 440). Returns 1 or 0. Errors: BAD_VERSION, BAD_SPECIFIER,
 * NO_MEMORY. */
PIPSEED_API int pipseed_version_matches(const char *version, const char *specifier, struct pipseed_error *err);

#ifdef __cplusplus
}
#endif
#endif
