/* SPDX-License-Identifier: MIT */
#include "install/plan/pip_quirks.h"

#include "base/cleanup.h"
#include "base/str.h"

#include <limits.h>
#include <stddef.h>

static const char body_spaced[] = "# -*- coding: utf-8 -*-\n"
                                  "import re\n"
                                  "import sys\n"
                                  "\n"
                                  "from %s import %s\n"
                                  "\n"
                                  "if __name__ == '__main__':\n"
                                  "    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n"
                                  "    sys.exit(%s())\n";

static const char body_compact[] = "# -*- coding: utf-8 -*-\n"
                                   "import re\n"
                                   "import sys\n"
                                   "from %s import %s\n"
                                   "if __name__ == '__main__':\n"
                                   "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
                                   "    sys.exit(%s())\n";

static const char body_endswith[] = "import sys\n"
                                    "from %s import %s\n"
                                    "if __name__ == '__main__':\n"
                                    "    if sys.argv[0].endswith('.exe'):\n"
                                    "        sys.argv[0] = sys.argv[0][:-4]\n"
                                    "    sys.exit(%s())\n";

static const char body_removesuffix[] = "import sys\n"
                                        "from %s import %s\n"
                                        "if __name__ == '__main__':\n"
                                        "    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n"
                                        "    sys.exit(%s())\n";

/* Newest first. Read from the sources of each release (the tags of pypa/pip) and held against real installs. */
static const struct pip_quirks styles[] = {
        {{26, 0, 0}, body_removesuffix, false, true, true}, {{25, 2, 0}, body_endswith, false, true, true},
        {{22, 3, 1}, body_compact, false, true, true},      {{20, 2, 0}, body_compact, false, true, false},
        {{19, 3, 0}, body_compact, false, false, false},    {{19, 0, 0}, body_spaced, false, false, false},
        {{18, 1, 0}, body_spaced, true, false, false},
};

static const char *read_number(const char *text, int *ret_number)
{
        int number = 0;

        for (; str_is_digit(*text); text++) {
                if (number > (INT_MAX - 9) / 10)
                        number = (INT_MAX - 9) / 10;
                number = number * 10 + (*text - '0');
        }
        *ret_number = number;
        return text;
}

/* The release's first three numbers: a pre-release has the habits of the release that it precedes. */
static bool read_release(const char *text, int ret_release[3])
{
        while (str_is_space(*text) || *text == 'v' || *text == 'V')
                text++;
        if (!str_is_digit(*text))
                return false;
        for (int i = 0; i < 3; i++) {
                text = read_number(text, &ret_release[i]);
                if (*text != '.' || !str_is_digit(text[1]))
                        break;
                text++;
        }
        return true;
}

static bool is_at_least(const int release[3], const int since[3])
{
        for (int i = 0; i < 3; i++)
                if (release[i] != since[i])
                        return release[i] > since[i];
        return true;
}

const struct pip_quirks *pip_quirks_find(const char *pip_version)
{
        int release[3] = {0, 0, 0};

        if (pip_version == NULL || !read_release(pip_version, release))
                return &styles[0];
        for (size_t i = 0; i < ARRAY_SIZE(styles); i++)
                if (is_at_least(release, styles[i].since))
                        return &styles[i];
        return &styles[ARRAY_SIZE(styles) - 1];
}
