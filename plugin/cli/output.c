/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "cleanup.h"
#include "cli_error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RED "\033[1;31m"
#define GREEN "\033[1;32m"
#define YELLOW "\033[1;33m"
#define CYAN "\033[1;36m"
#define RESET "\033[0m"

#define PROGRESS_AFTER_MS 500
#define PROGRESS_EVERY_MS 50

void output_guard_streams(void)
{
        /* open takes the lowest free number, so the three are filled in order. */
        for (int fd = 0; fd <= 2; fd++)
                if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
                        (void)open("/dev/null", O_RDWR | O_NOCTTY);
}

void output_init(struct output *out)
{
        *out = (struct output){.lock = PTHREAD_MUTEX_INITIALIZER};
        (void)clock_gettime(CLOCK_MONOTONIC, &out->started);
        out->stderr_terminal = isatty(STDERR_FILENO) == 1;
        /* A message is one write, so that those of several processes do not mix. */
        (void)setvbuf(stderr, NULL, _IOFBF, BUFSIZ);
}

static bool terminal_has_color(int fd)
{
        const char *no_color = getenv("NO_COLOR");
        const char *term = getenv("TERM");

        if (no_color != NULL && no_color[0] != '\0')
                return false;
        return term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0 && isatty(fd) == 1;
}

void output_set_color(struct output *out, enum output_color color)
{
        out->color_stdout = out->color_stderr = color == OUTPUT_COLOR_ALWAYS;
        if (color != OUTPUT_COLOR_AUTO)
                return;
        out->color_stdout = terminal_has_color(STDOUT_FILENO);
        out->color_stderr = terminal_has_color(STDERR_FILENO);
}

static bool has_color(const struct output *out, const FILE *stream)
{
        return stream == stdout ? out->color_stdout : out->color_stderr;
}

/* The character at text. Returns its length, or 0 when the bytes there are not UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *text, uint32_t *ret_code)
{
        static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
        size_t len = text[0] < 0x80   ? 1
                     : text[0] < 0xc2 ? 0
                     : text[0] < 0xe0 ? 2
                     : text[0] < 0xf0 ? 3
                     : text[0] < 0xf5 ? 4
                                      : 0;
        uint32_t code = len > 1 ? text[0] & (0x7fU >> len) : text[0];

        for (size_t i = 1; i < len; i++) {
                if ((text[i] & 0xc0) != 0x80)
                        return 0;
                code = code << 6 | (text[i] & 0x3f);
        }
        if (len > 1 && (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)))
                return 0;
        *ret_code = code;
        return len;
}

/* What a terminal interprets, or what makes a line look like another one: controls, and marks that change the direction
 * of writing or end a line (Unicode Standard Annex 9; Trojan Source, CVE-2021-42574). */
static bool is_dangerous(uint32_t code)
{
        static const uint32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},
                                             {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
                if (code >= ranges[i][0] && code <= ranges[i][1])
                        return true;
        return false;
}

#define PIECE_SIZE 16

/* How the next character is shown; moves *text behind it. */
static void next_piece(const char **text, char ret_piece[PIECE_SIZE])
{
        const unsigned char *c = (const unsigned char *)*text;
        uint32_t code = 0;
        size_t len = decode(c, &code);

        *text += len > 0 ? len : 1;
        if (*c == '\n' || *c == '\t')
                (void)snprintf(ret_piece, PIECE_SIZE, "\\%c", *c == '\n' ? 'n' : 't');
        else if (len == 0 || (len == 1 && is_dangerous(code)))
                (void)snprintf(ret_piece, PIECE_SIZE, "\\x%02x", *c);
        else if (is_dangerous(code))
                (void)snprintf(ret_piece, PIECE_SIZE, "\\u%04x", code);
        else
                (void)snprintf(ret_piece, PIECE_SIZE, "%.*s", (int)len, (const char *)c);
}

/* newline: what stands for one. */
static void put_escaped(FILE *stream, const char *text, const char *newline)
{
        char piece[PIECE_SIZE];

        while (*text != '\0') {
                if (*text == '\n') {
                        (void)fputs(text[1] == '\n' && newline[0] == '\n' ? "\n" : newline, stream);
                        text++;
                        continue;
                }
                next_piece(&text, piece);
                (void)fputs(piece, stream);
        }
}

/* Saves why a write to stdout failed: errno changes before the command ends. */
static void flush_stdout(struct output *out)
{
        errno = 0;
        (void)fflush(stdout);
        if (ferror(stdout) != 0 && out->stdout_errno == 0)
                out->stdout_errno = errno != 0 ? errno : EIO;
}

static void wipe_progress(struct output *out)
{
        if (!out->progress_shown)
                return;
        (void)fputs("\r\033[K", stderr);
        (void)fflush(stderr);
        out->progress_shown = false;
}

/* How a message looks: LABEL in colour, GAP, then the text with its newlines replaced. */
struct style {
        const char *color;
        const char *label;
        const char *gap;
        const char *newline;
};

static void put_message(struct output *out, FILE *stream, const struct style *style, const char *format,
                        va_list arguments)
{
        _cleanup_free_ char *text = NULL;
        bool colored = has_color(out, stream) && style->color != NULL;

        if (vasprintf(&text, format, arguments) < 0)
                text = NULL;
        (void)pthread_mutex_lock(&out->lock);
        wipe_progress(out);
        /* Both may be one terminal or one log: keep the order of the messages. */
        if (stream == stderr)
                flush_stdout(out);
        (void)fprintf(stream, "%s%s%s%s", colored ? style->color : "", style->label, colored ? RESET : "", style->gap);
        put_escaped(stream, text != NULL ? text : "(out of memory)", style->newline);
        (void)fputc('\n', stream);
        if (stream == stderr)
                (void)fflush(stderr);
        (void)pthread_mutex_unlock(&out->lock);
}

static FILE *result_stream(const struct output *out)
{
        return out->json ? stderr : stdout;
}

void output_result(struct output *out, const char *verb, const char *format, ...)
{
        const struct style style = {GREEN, verb != NULL ? verb : "", verb != NULL ? " " : "", "\\n"};
        va_list arguments;

        if (out->level < 0)
                return;
        va_start(arguments, format);
        put_message(out, result_stream(out), &style, format, arguments);
        va_end(arguments);
}

void output_detail(struct output *out, int min, const char *format, ...)
{
        static const struct style style = {NULL, "  ", "", "\\n"};
        va_list arguments;

        if (out->level < min)
                return;
        va_start(arguments, format);
        put_message(out, result_stream(out), &style, format, arguments);
        va_end(arguments);
}

void output_line(struct output *out, const char *format, ...)
{
        static const struct style style = {NULL, "", "", "\\n"};
        va_list arguments;

        if (out->json)
                return;
        va_start(arguments, format);
        put_message(out, stdout, &style, format, arguments);
        va_end(arguments);
}

static void put_to(struct output *out, FILE *stream, const struct style *style, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

static void put_to(struct output *out, FILE *stream, const struct style *style, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        put_message(out, stream, style, format, arguments);
        va_end(arguments);
}

void output_finding(struct output *out, const char *code, const char *path, const char *text)
{
        const struct style style = {RED, code, ": ", "\\n"};

        put_to(out, result_stream(out), &style, "%s%s%s", path != NULL ? path : "", path != NULL ? ": " : "", text);
}

void output_event(struct output *out, const char *about, const struct pipseed_event *event)
{
        static const struct {
                struct style style;
                int min; /* level from which on it is shown */
        } kinds[] = {
                [PIPSEED_EVENT_DETAIL] = {{NULL, "", "", "\n  "}, 1},
                [PIPSEED_EVENT_NOTE] = {{CYAN, "note:", " ", "\n  "}, 0},
                [PIPSEED_EVENT_WARNING] = {{YELLOW, "warning:", " ", "\n  "}, 0},
        };

        if ((size_t)event->kind >= ARRAY_SIZE(kinds) || out->level < kinds[event->kind].min)
                return;
        put_to(out, stderr, &kinds[event->kind].style, "%s%s%s", about != NULL ? about : "", about != NULL ? ": " : "",
               event->text);
}

void output_note(struct output *out, const char *format, ...)
{
        static const struct style style = {CYAN, "note:", " ", "\n  "};
        va_list arguments;

        if (out->level < 0)
                return;
        va_start(arguments, format);
        put_message(out, stderr, &style, format, arguments);
        va_end(arguments);
}

void output_error(struct output *out, const char *about, const struct pipseed_error *err)
{
        static const struct style error = {RED, "error:", " ", "\n  "};
        static const struct style path = {NULL, "  path:", " ", "\\n"};
        static const struct style code = {NULL, "  code:", " ", "\\n"};
        static const struct style hint = {CYAN, "  hint:", " ", "\n        "};
        const char *name = pipseed_code_name(err->code);
        bool told = strstr(err->message, err->path) != NULL || (about != NULL && strcmp(about, err->path) == 0);

        put_to(out, stderr, &error, "%s%s%s", about != NULL ? about : "", about != NULL ? ": " : "", err->message);
        if (err->path[0] != '\0' && !told)
                put_to(out, stderr, &path, "%s", err->path);
        if (name != NULL && (out->level > 0 || pipseed_exit_code(err->code) == 4))
                put_to(out, stderr, &code, "%s", name);
        if (err->hint[0] != '\0')
                put_to(out, stderr, &hint, "%s", err->hint);
}

void output_item(struct output *out, const char *format, ...)
{
        static const struct style style = {NULL, "  ", "", "\n    "};
        va_list arguments;

        va_start(arguments, format);
        put_message(out, stderr, &style, format, arguments);
        va_end(arguments);
}

static int64_t passed_ms(const struct timespec *from, const struct timespec *to)
{
        return (int64_t)(to->tv_sec - from->tv_sec) * 1000 + (to->tv_nsec - from->tv_nsec) / 1000000;
}

void output_progress(struct output *out, const char *text, uint64_t done, uint64_t total)
{
        struct winsize size = {0};
        struct timespec now = {0};
        char line[512];
        int width;

        if (!out->stderr_terminal || out->level < 0 || out->json)
                return;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        (void)pthread_mutex_lock(&out->lock);
        if (total == 0) {
                wipe_progress(out);
        } else if (passed_ms(&out->started, &now) >= PROGRESS_AFTER_MS &&
                   (!out->progress_shown || passed_ms(&out->drawn, &now) >= PROGRESS_EVERY_MS)) {
                width = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
                (void)snprintf(line, sizeof(line), "%3u%% %s (%ju of %ju)", (unsigned int)(done * 100 / total), text,
                               (uintmax_t)done, (uintmax_t)total);
                if ((size_t)width < strlen(line))
                        line[width] = '\0';
                (void)fputs("\r\033[K", stderr);
                put_escaped(stderr, line, " ");
                (void)fflush(stderr);
                out->progress_shown = true;
                out->drawn = now;
        }
        (void)pthread_mutex_unlock(&out->lock);
}

/* Cells count as wide as the characters that are shown are many: UTF-8 continuation bytes take no place. */
static size_t cell_width(const char *text)
{
        char piece[PIECE_SIZE];
        size_t width = 0;

        while (*text != '\0') {
                next_piece(&text, piece);
                for (const char *c = piece; *c != '\0'; c++)
                        width += ((unsigned char)*c & 0xc0) != 0x80;
        }
        return width;
}

/* The last cell ends the line; those before it are filled up to their column's width. */
static void put_row(const char *const *cells, const size_t *widths, size_t n_columns, bool colored)
{
        for (size_t column = 0; column < n_columns; column++) {
                (void)fputs(colored ? CYAN : "", stdout);
                put_escaped(stdout, cells[column], "\\n");
                (void)fputs(colored ? RESET : "", stdout);
                if (column + 1 < n_columns)
                        (void)fprintf(stdout, "%*s", (int)(widths[column] - cell_width(cells[column]) + 2), "");
                else
                        (void)fputc('\n', stdout);
        }
}

void output_table(struct output *out, const char *const *cells, size_t n_rows, size_t n_columns)
{
        size_t widths[OUTPUT_COLUMNS] = {0};

        if (out->json)
                return;
        for (size_t row = 0; row < n_rows; row++)
                for (size_t column = 0; column < n_columns; column++) {
                        const size_t width = cell_width(cells[row * n_columns + column]);

                        widths[column] = width > widths[column] ? width : widths[column];
                }
        for (size_t row = 0; row < n_rows; row++)
                put_row(&cells[row * n_columns], widths, n_columns, row == 0 && out->color_stdout);
}

void output_document(struct output *out, const json_t *document)
{
        /* The same data, without bytes that a terminal interprets. */
        size_t flags = JSON_COMPACT | (isatty(STDOUT_FILENO) == 1 ? JSON_ENSURE_ASCII : 0U);
        char *text = document != NULL ? json_dumps(document, flags) : NULL;
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        if (text == NULL) {
                (void)cli_error_memory(&err);
                output_error(out, NULL, &err);
                out->failed = true;
                return;
        }
        (void)pthread_mutex_lock(&out->lock);
        wipe_progress(out);
        (void)fprintf(stdout, "%s\n", text);
        flush_stdout(out);
        (void)pthread_mutex_unlock(&out->lock);
        free(text);
}

int output_finish(struct output *out, int code)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;

        output_progress(out, "", 0, 0);
        flush_stdout(out);
        /* Some file systems tell only at close that there was no room. */
        if (close(STDOUT_FILENO) < 0 && out->stdout_errno == 0)
                out->stdout_errno = errno;
        if (out->stdout_errno != 0) {
                (void)cli_error_sys(&err, out->stdout_errno, NULL, "cannot write to standard output");
                output_error(out, NULL, &err);
        }
        return code == 0 && (out->stdout_errno != 0 || out->failed) ? 1 : code;
}
