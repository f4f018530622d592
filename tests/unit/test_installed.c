/* SPDX-License-Identifier: MIT */
#include "tree_fixture.h"

#include "target/installed.h"

/* Two search directories, one and two; what they hold, and what is found for "pip" as "directory/dist_info version
 * flags". */
static const struct {
        const char *name;
        const struct {
                const char *entry, *content;
        } tree[6];
        const char *expected[4];
} cases[] = {
        {"nothing", {{"one/", ""}}, {NULL}},
        {"dist-info",
         {{"one/pip-26.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: pip\nVersion: 26.3\n\nText\n"},
          {"one/pip-26.3.dist-info/RECORD", ""}},
         {"one/pip-26.3.dist-info 26.3 r"}},
        {"no RECORD", {{"one/pip-26.3.dist-info/METADATA", "Version: 26.3\n"}}, {"one/pip-26.3.dist-info 26.3 -"}},
        {"no METADATA", {{"one/pip-26.3.dist-info/RECORD", ""}}, {"one/pip-26.3.dist-info 26.3 r"}},
        {"METADATA goes before the name",
         {{"one/pip-26.3.dist-info/METADATA", "VERSION: 26.3.1\n"}},
         {"one/pip-26.3.dist-info 26.3.1 -"}},
        {"a Version in the text is none",
         {{"one/pip-1.dist-info/METADATA", "Name: pip\n\nVersion: 9\n"}},
         {"one/pip-1.dist-info 1 -"}},
        {"CRLF", {{"one/pip-1.dist-info/METADATA", "Version: 2\r\n\r\nVersion: 3\r\n"}}, {"one/pip-1.dist-info 2 -"}},
        {"empty Version", {{"one/pip-1.dist-info/METADATA", "Version:\n"}}, {"one/pip-1.dist-info 1 -"}},
        {"case of the name", {{"one/PIP-1.dist-info/METADATA", "Version: 1\n"}}, {"one/PIP-1.dist-info 1 -"}},
        {"others",
         {{"one/pip_tools-7.dist-info/METADATA", "Version: 7\n"},
          {"one/pipx-1.dist-info/METADATA", "Version: 1\n"},
          {"one/~ip-1.dist-info/METADATA", "Version: 1\n"},
          {"one/-ip-1.dist-info/METADATA", "Version: 1\n"},
          {"one/.dist-info/METADATA", "Version: 1\n"}},
         {NULL}},
        {"two directories",
         {{"two/pip-1.dist-info/METADATA", "Version: 1\n"}, {"one/pip-2.dist-info/METADATA", "Version: 2\n"}},
         {"one/pip-2.dist-info 2 -", "two/pip-1.dist-info 1 -"}},
        {"two in one directory",
         {{"one/pip-2.dist-info/METADATA", "Version: 2\n"}, {"one/pip-1.dist-info/METADATA", "Version: 1\n"}},
         {"one/pip-1.dist-info 1 -", "one/pip-2.dist-info 2 -"}},
        {"in the scheme's directory that is not searched",
         {{"own/pip-3.dist-info/METADATA", "Version: 3\n"}, {"one/pip-2.dist-info/METADATA", "Version: 2\n"}},
         {"one/pip-2.dist-info 2 -", "own/pip-3.dist-info 3 -"}},
        {"editable",
         {{"one/pip-1.dist-info/METADATA", "Version: 1\n"},
          {"one/pip-1.dist-info/RECORD", ""},
          {"one/pip-1.dist-info/direct_url.json", "{\"dir_info\": {\"editable\": true}, \"url\": \"x\"}"}},
         {"one/pip-1.dist-info 1 re"}},
        {"not editable",
         {{"one/pip-1.dist-info/direct_url.json", "{\"dir_info\": {}, \"url\": \"x\"}"}},
         {"one/pip-1.dist-info 1 -"}},
        {"broken direct_url.json", {{"one/pip-1.dist-info/direct_url.json", "{"}}, {"one/pip-1.dist-info 1 -"}},
        {"egg-info directory",
         {{"one/pip-9.0-py3.6.egg-info/PKG-INFO", "Version: 9.0.1\n"}},
         {"one/pip-9.0-py3.6.egg-info 9.0.1 e"}},
        {"egg-info directory without PKG-INFO",
         {{"one/pip-9.0-py3.6.egg-info/x", ""}},
         {"one/pip-9.0-py3.6.egg-info 9.0 e"}},
        {"egg-info file",
         {{"one/pip-9.0.egg-info", "Metadata-Version: 1.0\nVersion: 9.0\n"}},
         {"one/pip-9.0.egg-info 9.0 e"}},
        {"egg-info of a source directory", {{"one/pip.egg-info/PKG-INFO", "Version: 8\n"}}, {"one/pip.egg-info 8 e"}},
        {"egg-link", {{"one/pip.egg-link", "/src/pip\n.\n"}}, {"one/pip.egg-link  e"}},
        {"egg-link directory", {{"one/pip.egg-link/x", ""}}, {NULL}},
        {"egg on the search path",
         {{"pip-19.0-py3.7.egg/EGG-INFO/PKG-INFO", "Version: 19.0\n"}},
         {"pip-19.0-py3.7.egg/EGG-INFO 19.0 e"}},
        {"egg elsewhere", {{"one/pip-19.0-py3.7.egg/EGG-INFO/PKG-INFO", "Version: 19.0\n"}}, {NULL}},
        {"dist-info before egg-link",
         {{"one/pip-1.dist-info/METADATA", "Version: 1\n"}, {"one/a", ""}, {"one/pip.egg-link", "x"}},
         {"one/pip-1.dist-info 1 -", "one/pip.egg-link  e"}},
};

static void check(size_t i, const char *root)
{
        struct pipseed_error err = PIPSEED_ERROR_INIT;
        struct installed_list list = {0};
        const char *const unrooted[] = {"/one", "/missing", "/two", "/pip-19.0-py3.7.egg"};
        const char *const rooted[] = {tree_path("one"), tree_path("missing"), tree_path("two"),
                                      tree_path("pip-19.0-py3.7.egg")};
        const struct target target = {.root = root, .search = root != NULL ? unrooted : rooted, .n_search = 4};

        const struct target_scheme scheme = {
                .dirs[PLAN_LIB] = target.search[0],
                .dirs[PLAN_OTHER_LIB] = root != NULL ? "/own" : tree_path("own"),
        };

        assert_int_equal(installed_find(&target, &scheme, "PIP", &list, &err), 0);
        for (size_t k = 0; k < ARRAY_SIZE(cases[i].expected); k++) {
                const struct installed *item = k < list.n_items ? &list.items[k] : NULL;
                _cleanup_free_ char *got = NULL;

                if (item == NULL && cases[i].expected[k] == NULL)
                        break;
                if (item == NULL || cases[i].expected[k] == NULL)
                        fail_msg("%s: %zu found", cases[i].name, list.n_items);
                assert_string_equal(item->project, "pip");
                got = str_format("%s/%s %s %s%s%s", item->location + (root == NULL ? strlen(tree_root) : 0) + 1,
                                 item->dist_info, item->version, item->has_record ? "r" : "", item->is_egg ? "e" : "",
                                 !item->has_record && !item->is_egg ? "-" : "");
                if (strcmp(got, cases[i].expected[k]) != 0)
                        fail_msg("%s: <%s>", cases[i].name, got);
        }
        installed_list_done(&list);
        assert_null(list.items);
}

static void test_cases(void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                for (size_t k = 0; k < ARRAY_SIZE(cases[i].tree) && cases[i].tree[k].entry != NULL; k++)
                        tree_entry(cases[i].tree[k].entry, cases[i].tree[k].content);
                check(i, NULL);
                check(i, tree_root);
                assert_int_equal(tree_teardown(state), 0);
                assert_int_equal(tree_setup(state), 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_cases, tree_setup, tree_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
