/* SPDX-License-Identifier: MIT */
#include "dropin/package.h"

#include "base/error.h"
#include "base/file.h"
#include "base/dir_iter.h"
#include "base/path.h"
#include "base/process.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT ((size_t)256 * 1024)
#define MARK_LIMIT ((size_t)16 * 1024)
#define COMPILE_TIMEOUT_MS (30 * 1000)
#define TAG "# pipseed's ensurepip:" /* in the first lines of each __init__.py of ours */
#define TOKEN "\"@PIPSEED_COMMAND@\""

const char *const package_files[PACKAGE_FILES] = {"__init__.py", "__main__.py", "_uninstall.py"};

static int open_package(int stdlib_fd, const char *name)
{
        return file_open_beneath(stdlib_fd, name, O_RDONLY | O_DIRECTORY, 0);
}

static int read_file(int package_fd, const char *name, size_t limit, char **ret_data, size_t *ret_len)
{
        _cleanup_close_ int fd = file_open_beneath(package_fd, name, O_RDONLY | O_NONBLOCK, 0);

        return fd < 0 ? fd : file_read_fd(fd, limit, ret_data, ret_len);
}

/* 1 ours, 0 not, -ENOENT there is none, -errno. */
static int has_tag(int package_fd)
{
        _cleanup_close_ int fd = file_open_beneath(package_fd, package_files[0], O_RDONLY | O_NONBLOCK, 0);
        char start[512];
        ssize_t n;

        if (fd == -ELOOP)
                return 0;
        if (fd < 0)
                return fd;
        n = read(fd, start, sizeof(start) - 1);
        if (n < 0)
                return -errno;
        start[n] = '\0';
        return strstr(start, TAG) != NULL;
}

int package_look(int stdlib_fd, const char *name, enum package_kind *ret_kind)
{
        _cleanup_close_ int fd = -1;
        struct stat st;
        bool marked;
        int tagged;
        int empty;

        if (fstatat(stdlib_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
                if (errno != ENOENT)
                        return file_errno();
                *ret_kind = PACKAGE_NONE;
                return 0;
        }
        *ret_kind = PACKAGE_FOREIGN;
        if (!S_ISDIR(st.st_mode))
                return 0;
        fd = open_package(stdlib_fd, name);
        if (fd < 0)
                return fd;
        marked = fstatat(fd, PACKAGE_MARK, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
        tagged = has_tag(fd);
        if (tagged < 0 && tagged != -ENOENT)
                return tagged;
        if (tagged == 1 || (marked && tagged == -ENOENT)) {
                *ret_kind = PACKAGE_OURS;
                return 0;
        }
        empty = marked ? 0 : dir_iter_is_empty(fd);
        if (empty < 0)
                return empty;
        *ret_kind = marked ? PACKAGE_MIXED : empty > 0 ? PACKAGE_EMPTY : PACKAGE_FOREIGN;
        return 0;
}

/* "pipseed VERSION\noriginal yes\ncommand PATH\n": the path comes last, and may have any byte. */
static char *mark_text(const struct package_mark *mark)
{
        return str_format("pipseed %s\noriginal %s\ncommand %s\n", mark->version, mark->has_original ? "yes" : "no",
                          mark->command);
}

int package_read_mark(int stdlib_fd, const char *name, struct package_mark *ret_mark)
{
        _cleanup_close_ int fd = open_package(stdlib_fd, name);
        _cleanup_free_ char *text = NULL;
        _cleanup_(package_mark_done) struct package_mark mark = {0};
        char *version, *original, *command;
        size_t len;
        int r;

        if (fd < 0)
                return fd;
        r = read_file(fd, PACKAGE_MARK, MARK_LIMIT, &text, &len);
        if (r < 0)
                return r;
        original = strstr(text, "\noriginal ");
        command = original != NULL ? strstr(original, "\ncommand /") : NULL;
        if (!str_starts(text, "pipseed ") || command == NULL || strlen(text) != len || text[len - 1] != '\n')
                return -EBADMSG;
        version = text + strlen("pipseed ");
        *original = *command = text[len - 1] = '\0';
        mark.has_original = strcmp(original + strlen("\noriginal "), "yes") == 0;
        mark.version = strdup(version);
        mark.command = strdup(command + strlen("\ncommand "));
        if (mark.version == NULL || mark.command == NULL)
                return -ENOMEM;
        *ret_mark = mark;
        mark = (struct package_mark){0};
        return 0;
}

void package_mark_done(struct package_mark *mark)
{
        free(mark->version);
        free(mark->command);
        *mark = (struct package_mark){0};
}

/* A path as a literal of bytes in Python. */
static void add_literal(struct str *out, const char *path)
{
        str_add(out, "b\"");
        for (const char *c = path; *c != '\0'; c++) {
                unsigned char byte = (unsigned char)*c;

                if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
                        str_printf(out, "\\x%02x", byte);
                else
                        str_add_char(out, *c);
        }
        str_add(out, "\"");
}

static int fill_in(const char *template, const char *command, char **ret_data, size_t *ret_len)
{
        _cleanup_(str_done) struct str out = STR_INIT;
        const char *token = strstr(template, TOKEN);

        if (token == NULL)
                return -EBADMSG;
        str_add_bytes(&out, template, (size_t)(token - template));
        add_literal(&out, command);
        str_add(&out, token + strlen(TOKEN));
        if (out.failed)
                return -ENOMEM;
        *ret_len = out.len;
        *ret_data = str_steal(&out);
        return *ret_data != NULL ? 0 : -ENOMEM;
}

int package_render(const char *directory, const char *command, struct package_text *ret_text, struct pipseed_error *err)
{
        _cleanup_(package_text_done) struct package_text text = PACKAGE_TEXT_INIT;
        _cleanup_close_ int fd = file_open_dir(directory);
        int r = fd < 0 ? fd : 0;

        for (size_t i = 0; r == 0 && i < PACKAGE_FILES; i++) {
                _cleanup_free_ char *template = NULL;

                r = file_read(fd, package_files[i], FILE_LIMIT, i == 0 ? &template : &text.data[i], &text.len[i]);
                if (r == 0 && i == 0)
                        r = fill_in(template, command, &text.data[0], &text.len[0]);
        }
        if (r == -ENOMEM)
                return error_memory(err);
        if (r < 0 && r != -ENOENT && r != -ENOTDIR)
                return error_sys(err, r, directory, "cannot read the files of the drop-in ensurepip in %s", directory);
        if (r < 0) {
                (void)error_set(err, PIPSEED_E_UNSUPPORTED, directory, "files of the drop-in ensurepip not found");
                err->sys_errno = -r;
                return error_hint(err, "reinstall pipseed");
        }
        *ret_text = text;
        text = (struct package_text)PACKAGE_TEXT_INIT;
        return 0;
}

void package_text_done(struct package_text *text)
{
        for (size_t i = 0; i < PACKAGE_FILES; i++)
                free(text->data[i]);
        *text = (struct package_text)PACKAGE_TEXT_INIT;
}

bool package_matches(int stdlib_fd, const char *name, const struct package_text *text)
{
        _cleanup_close_ int fd = open_package(stdlib_fd, name);

        for (size_t i = 0; i < PACKAGE_FILES; i++) {
                _cleanup_free_ char *data = NULL;
                size_t len;

                if (fd < 0 || read_file(fd, package_files[i], FILE_LIMIT, &data, &len) < 0 || len != text->len[i] ||
                    memcmp(data, text->data[i], len) != 0)
                        return false;
        }
        return true;
}

/* root, working on what belongs to someone else, leaves nothing there that this one cannot remove. */
static int give(int fd, const char *name, const struct stat *owner)
{
        if (geteuid() != 0 || owner->st_uid == 0)
                return 0;
        return fchownat(fd, name, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int write_file(int fd, const char *name, mode_t mode, const char *data, size_t len, const struct stat *owner)
{
        int r = file_create(fd, name, mode, data, len);

        return r < 0 ? r : give(fd, name, owner);
}

int package_write(int stdlib_fd, const char *name, mode_t mode, const struct package_text *text,
                  const struct package_mark *mark)
{
        _cleanup_free_ char *marked = mark_text(mark);
        _cleanup_close_ int fd = -1;
        struct stat owner;
        int r;

        if (marked == NULL)
                return -ENOMEM;
        if (fstat(stdlib_fd, &owner) < 0 || mkdirat(stdlib_fd, name, 0700) < 0)
                return -errno;
        fd = open_package(stdlib_fd, name);
        if (fd < 0)
                return fd;
        r = write_file(fd, PACKAGE_MARK, mode & 0666, marked, strlen(marked), &owner);
        for (size_t i = 0; r == 0 && i < PACKAGE_FILES; i++)
                r = write_file(fd, package_files[i], mode & 0666, text->data[i], text->len[i], &owner);
        if (r == 0 && fchmod(fd, mode & 0777) < 0)
                r = -errno;
        return r < 0 ? r : give(stdlib_fd, name, &owner);
}

/* What the interpreter wrote belongs to whom the rest belongs to. */
static void give_compiled(int package_fd)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *name;
        struct stat owner;

        if (dir_iter_open(&names, file_open_beneath(package_fd, "__pycache__", O_RDONLY | O_DIRECTORY, 0)) < 0 ||
            fstat(package_fd, &owner) < 0)
                return;
        while ((name = dir_iter_next(&names)) != NULL)
                (void)give(dir_iter_fd(&names), name, &owner);
        (void)give(package_fd, "__pycache__", &owner);
}

void package_compile(int stdlib_fd, const char *name, const char *exe, const char *final)
{
        static const char script[] = "import py_compile, sys\n"
                                     "for name in sys.argv[2:]:\n"
                                     "    py_compile.compile(name, dfile=sys.argv[1] + '/' + name, doraise=True)\n";
        const char *const argv[] = {
                exe, "-I", "-S", "-c", script, final, package_files[0], package_files[1], package_files[2], NULL};
        _cleanup_close_ int fd = open_package(stdlib_fd, name);
        _cleanup_(cleanup_freep) char **envp = process_python_environment();
        struct process_spec spec = {argv, envp, -1, -1, -1, fd};
        struct process process = PROCESS_INIT;
        int status;

        if (fd < 0 || envp == NULL || process_start(&spec, &process) < 0)
                return;
        (void)process_wait(&process, COMPILE_TIMEOUT_MS, NULL, NULL, &status);
        give_compiled(fd);
}

static int remove_ours(int stdlib_fd, const char *name)
{
        _cleanup_(dir_iter_done) struct dir_iter names = DIR_ITER_INIT;
        const char *inside;
        int r = dir_iter_open(&names, open_package(stdlib_fd, name));

        while (r == 0 && (inside = dir_iter_next(&names)) != NULL)
                if (strcmp(inside, PACKAGE_MARK) != 0)
                        r = file_remove_tree(dir_iter_fd(&names), inside);
        if (r == 0)
                r = names.error;
        return r < 0 ? r : file_remove_tree(stdlib_fd, name);
}

int package_remove(int stdlib_fd, const char *name)
{
        enum package_kind kind;
        int r = package_look(stdlib_fd, name, &kind);

        if (r == 0 && kind == PACKAGE_OURS)
                return remove_ours(stdlib_fd, name);
        return r < 0 ? r : file_remove_tree(stdlib_fd, name);
}

int package_strip(int stdlib_fd, const char *name)
{
        _cleanup_close_ int fd = open_package(stdlib_fd, name);

        int r = fd < 0 ? fd : file_remove_tree(fd, PACKAGE_COPY);

        return r < 0 ? r : file_remove_tree(fd, PACKAGE_MARK);
}
