/* SPDX-License-Identifier: MIT */
#include "target/probe.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/event.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "wheel/implementation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define ANSWER_LIMIT ((size_t)256 * 1024)
#define MARK "pipseed-probe:"

/*
 * Says what seeding has to know, as one line of JSON. Paths are hexadecimal: they may hold any byte. The scheme is the
 * one that pip uses: sysconfig from Python 3.10 on, distutils before. For environments made from this interpreter, the
 * same is asked again with another sys.prefix. It has to run on every Python from 3.4 on, to tell those too old.
 */
static const char facts_script[] =
        "import binascii,json,os,sys\n"
        "P='" PROBE_PREFIX "';U='" PROBE_USER "';v=sys.version_info\n"
        "def h(p):\n"
        " return binascii.hexlify(os.fsencode(os.path.abspath(p))).decode()\n"
        "def hs(ps):\n"
        " return [h(p) for p in ps]\n"
        "def libc(sysconfig):\n"
        " import re,subprocess\n"
        " try:\n"
        "  m=re.match(r'(glibc) (\\d+)\\.(\\d+)',os.confstr('CS_GNU_LIBC_VERSION') or '')\n"
        " except (AttributeError,OSError,ValueError):\n"
        "  m=None\n"
        " if not m and 'musl' in (sysconfig.get_config_var('HOST_GNU_TYPE') or ''):\n"
        "  for f in sorted(os.listdir('/lib')):\n"
        "   if f.startswith('ld-musl-') and not m:\n"
        "    t=subprocess.run(['/lib/'+f],stdin=subprocess.DEVNULL,stderr=subprocess.PIPE).stderr.decode('latin-1')\n"
        "    m=re.match(r'(musl) libc.*?\\nVersion (\\d+)\\.(\\d+)',t,re.S)\n"
        " return [m.group(1),int(m.group(2)),int(m.group(3))] if m else None\n"
        "def fill(o):\n"
        " import importlib.util,site,sysconfig\n"
        " os.environ['PYTHONUSERBASE']=U\n"
        " use=getattr(sysconfig,'_PIP_USE_SYSCONFIG',v>=(3,10))\n"
        " user=site.getusersitepackages()\n"
        " if not use:\n"
        "  try:\n"
        "   from distutils.dist import Distribution\n"
        "   import distutils.command.install\n"
        "  except ImportError:\n"
        "   use=True\n"
        " def name(kind):\n"
        "  if hasattr(sysconfig,'get_preferred_scheme'):\n"
        "   return sysconfig.get_preferred_scheme(kind)\n"
        "  if kind=='prefix' and sys.implementation.name in sysconfig.get_scheme_names():\n"
        "   return sys.implementation.name\n"
        "  return 'posix_'+kind\n"
        " def scheme(kind,**vars):\n"
        "  if use:\n"
        "   p=sysconfig.get_paths(name(kind),vars=vars)\n"
        "   return hs(p[k] for k in ('purelib','platlib','scripts','include','data'))\n"
        "  i=Distribution({'name':'x'}).get_command_obj('install',create=True)\n"
        "  i.create_home_path=lambda:None\n"
        "  if kind=='user':\n"
        "   i.user=True;i.prefix=''\n"
        "  i.finalize_options()\n"
        "  return hs((i.install_purelib,i.install_platlib,i.install_scripts,os.path.dirname(i.install_headers),"
        "i.install_data))\n"
        " n=sys.implementation.version\n"
        " q=sysconfig.get_platform().replace('-','_').replace('.','_').replace(' ','_')\n"
        " if sys.maxsize<2**32:\n"
        "  q={'linux_x86_64':'linux_i686','linux_aarch64':'linux_armv8l'}.get(q,q)\n"
        " b=[sys.prefix,sys.exec_prefix]\n"
        " o.update(executable=h(sys.executable) if sys.executable else '',prefix=h(sys.prefix),"
        "stdlib=h(sysconfig.get_path('stdlib')),impl_version=[n[0],n[1]],cache_tag=sys.implementation.cache_tag,"
        "magic=binascii.hexlify(importlib.util.MAGIC_NUMBER).decode(),"
        "free_threaded=bool(sysconfig.get_config_var('Py_GIL_DISABLED')),platform=q,libc=libc(sysconfig),"
        "scheme=scheme('prefix'),user_scheme=scheme('user',userbase=U),user_site=h(user),"
        "site=hs(site.getsitepackages(b)))\n"
        " sys.prefix=sys.exec_prefix=P\n"
        " w=scheme('prefix',base=P,platbase=P)\n"
        " w[3]=h(P+'/include/site/python%d.%d'%v[:2])\n"
        " o.update(venv_scheme=w,venv_site=hs(site.getsitepackages([P])),base_site=hs(site.getsitepackages(b)))\n"
        "o={'version':list(v[:3]),'implementation':sys.implementation.name}\n"
        "if v>=(3,6) and o['implementation'] in (" IMPLEMENTATION_NAMES "):\n"
        " fill(o)\n"
        "sys.stdout.write('\\n" MARK "'+json.dumps(o)+'\\n')\n";

static const char executable_script[] =
        "import binascii,os,sys\n"
        "sys.stdout.write('\\n" MARK "'+binascii.hexlify(os.fsencode(sys.executable or '')).decode()+'\\n')\n";

const char *probe_script(void)
{
        return facts_script;
}

/* Empty file above the standard descriptors, which the child's are put upon: the host may have closed its own. */
static int open_answer(void)
{
        _cleanup_close_ int fd = process_file("", 0);
        int high;

        if (fd < 0)
                return fd;
        high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return high < 0 ? -errno : high;
}

static int read_answer(int fd, char **ret_text)
{
        if (lseek(fd, 0, SEEK_SET) < 0)
                return file_errno();
        return file_read_fd(fd, ANSWER_LIMIT, ret_text, NULL);
}

/* The last line that says something: of a traceback, the exception. */
static const char *last_line(char *text)
{
        size_t len = strlen(text);
        char *start;

        while (len > 0 && str_is_space(text[len - 1]))
                text[--len] = '\0';
        start = strrchr(text, '\n');
        start = start != NULL ? start + 1 : text;
        for (char *p = start; *p != '\0'; p++)
                if ((unsigned char)*p < 0x20)
                        *p = ' ';
        return start;
}

/* Answers go to files, for which RLIMIT_FSIZE holds: is one of this length cut off? */
static bool is_cut(size_t len)
{
        struct rlimit limit;

        return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && len >= limit.rlim_cur;
}

static int fail(const char *exe, int status, char *stderr_text, struct pipseed_error *err)
{
        const char *said;

        if (strstr(stderr_text, "nknown option: -I") != NULL) {
                (void)error_set(err, PIPSEED_E_BAD_TARGET, exe, "'%s' is a Python older than 3.6", exe);
                return error_hint(err, "use Python 3.6 or newer");
        }
        if (status != 0 && is_cut(strlen(stderr_text))) {
                (void)error_sys(err, EFBIG, exe, "cannot query '%s'", exe);
                return error_hint(err, "raise the limit on the size of files (ulimit -f)");
        }
        said = last_line(stderr_text);
        if (WIFSIGNALED(status))
                (void)error_set(err, PIPSEED_E_PROBE_FAILED, exe, "cannot query '%s': killed by signal %d", exe,
                                WTERMSIG(status));
        else if (WEXITSTATUS(status) != 0)
                (void)error_set(err, PIPSEED_E_PROBE_FAILED, exe, "cannot query '%s': it failed (exit %d)%s%s", exe,
                                WEXITSTATUS(status), said[0] != '\0' ? ": " : "", said);
        else
                (void)error_set(err, PIPSEED_E_PROBE_FAILED, exe, "'%s' did not answer like a Python interpreter", exe);
        return error_hint(err, "run: %s -I -S -c 'import sys, sysconfig; print(sys.version)'", SHELL_WORD(exe));
}

/* sysconfig obeys these, which are set while an extension is built for another machine. */
static void drop_cross_build(char **envp)
{
        size_t kept = 0;

        for (size_t i = 0; envp[i] != NULL; i++)
                if (!str_starts(envp[i], "_PYTHON_"))
                        envp[kept++] = envp[i];
        envp[kept] = NULL;
}

static int tick(void *data)
{
        const struct probe *probe = data;
        char text[PATH_MAX + 64];

        (void)snprintf(text, sizeof(text), "querying '%s'", probe->exe);
        return event_send(probe->event, probe->event_data, PIPSEED_EVENT_TICK, text);
}

static int run(const struct probe *probe, const char *script, int out_fd, int err_fd, int *ret_status,
               struct pipseed_error *err)
{
        const char *exe = probe->exe;
        const char *const argv[] = {exe, "-I", "-S", "-c", script, NULL};
        _cleanup_(cleanup_freep) char **envp = process_python_environment();
        /* A version manager's shim chooses by the current directory. */
        _cleanup_close_ int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct process_spec spec = {argv, envp, -1, out_fd, err_fd, here};
        struct process process = PROCESS_INIT;
        int r;

        if (envp == NULL)
                return error_memory(err);
        drop_cross_build(envp);
        r = process_start(&spec, &process);
        if (r < 0) {
                char buffer[128];

                (void)error_set(err, PIPSEED_E_PROBE_FAILED, exe, "cannot run '%s': %s", exe,
                                strerror_r(-r, buffer, sizeof(buffer)));
                err->sys_errno = -r;
                return err->code;
        }
        r = process_wait(&process, PROBE_TIMEOUT_MS, tick, (void *)(uintptr_t)probe, ret_status);
        if (r == -ETIMEDOUT)
                return error_set(err, PIPSEED_E_PROBE_FAILED, exe, "'%s' did not answer within %d seconds", exe,
                                 PROBE_TIMEOUT_MS / 1000);
        return r < 0 ? error_sys(err, r, exe, "cannot wait for '%s'", exe) : 0;
}

/* What the script printed after its mark, up to the end of that line. */
static int ask(const struct probe *probe, const char *script, char **ret_answer, struct pipseed_error *err)
{
        const char *exe = probe->exe;
        _cleanup_close_ int out_fd = open_answer();
        _cleanup_close_ int err_fd = open_answer();
        _cleanup_free_ char *out_text = NULL;
        _cleanup_free_ char *err_text = NULL;
        const char *mark = NULL;
        char *answer;
        int status = 0;
        int r;

        if (out_fd < 0 || err_fd < 0)
                return error_sys(err, out_fd < 0 ? out_fd : err_fd, exe, "cannot save the answer of '%s'", exe);
        r = run(probe, script, out_fd, err_fd, &status, err);
        if (r < 0)
                return r;
        r = read_answer(out_fd, &out_text);
        if (r == 0)
                r = read_answer(err_fd, &err_text);
        if (r == -EFBIG)
                return error_set(err, PIPSEED_E_PROBE_FAILED, exe, "cannot query '%s': it printed too much", exe);
        if (r != 0)
                return error_sys(err, r, exe, "cannot read the answer of '%s'", exe);
        for (const char *p = strstr(out_text, "\n" MARK); p != NULL; p = strstr(p + 1, "\n" MARK))
                mark = p + strlen("\n" MARK);
        if (status != 0 || mark == NULL)
                return fail(exe, status, err_text, err);
        answer = strndup(mark, strcspn(mark, "\n"));
        if (answer == NULL)
                return error_memory(err);
        *ret_answer = answer;
        return 0;
}

int probe_facts(const struct probe *probe, char **ret_json, struct pipseed_error *err)
{
        return ask(probe, facts_script, ret_json, err);
}

int probe_executable(const struct probe *probe, char **ret_path, struct pipseed_error *err)
{
        _cleanup_free_ char *hex = NULL;
        char *path;
        int r = ask(probe, executable_script, &hex, err);

        if (r < 0)
                return r;
        path = probe_unhex(hex);
        if (path == NULL)
                return error_set(err, PIPSEED_E_PROBE_FAILED, probe->exe,
                                 "the Python that '%s' runs does not know its own path", probe->exe);
        *ret_path = path;
        return 0;
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *probe_unhex(const char *hex)
{
        size_t len = strlen(hex);
        _cleanup_free_ char *text = NULL;

        if (len == 0 || len % 2 != 0)
                return NULL;
        text = malloc(len / 2 + 1);
        if (text == NULL)
                return NULL;
        for (size_t i = 0; i < len / 2; i++) {
                int high = hex_digit(hex[2 * i]);
                int low = hex_digit(hex[2 * i + 1]);

                if (high < 0 || low < 0 || (high == 0 && low == 0))
                        return NULL;
                text[i] = (char)(high * 16 + low);
        }
        text[len / 2] = '\0';
        return steal_ptr(text);
}
