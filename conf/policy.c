/* SPDX-License-Identifier: MIT */
#include "pipseed_policy.h"

#include "base/abi.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"
#include "layers.h"

#include <string.h>

#define OPTIONS_MIN_SIZE ABI_END(struct pipseed_policy_options, sysconf_dir)
#define REQUEST_MIN_SIZE ABI_END(struct pipseed_request, event_data)
#define VALUE_MIN_SIZE ABI_END(struct pipseed_policy_value, help)

/* The effective value of one key, or one pin. */
struct slot {
        const struct schema_key *key; /* NULL: a pin */
        const char *name;             /* "seed.pip", "sha256.NAME.whl" */
        struct value value;
        enum policy_layer layer;
        const char *origin;
        const char *locked_by; /* origin of the lock, or NULL */
        bool was_set;          /* by the command line, perhaps to what a lock has it at */
};

struct pipseed_policy {
        struct arena arena;
        struct slot *slots; /* in the schema's order, then the pins */
        size_t n;
        size_t capacity;
        const char *pins_locked_by;
        const struct pipseed_pin *const *pins; /* the same pins, as a request wants them */
        const char **options;                  /* what the command line set, as hooks want it: ended by NULL */
        size_t n_options, options_capacity;
        struct layers layers;
};

static const char *const layer_names[] = {
        [POLICY_LAYER_BUILT_IN] = "built-in",
        [POLICY_LAYER_SYSTEM] = "system",
        [POLICY_LAYER_USER] = "user",
        [POLICY_LAYER_FILE] = "file",
        [POLICY_LAYER_ENVIRONMENT] = "environment",
        [POLICY_LAYER_COMMAND_LINE] = "command line",
};

static struct slot *find_slot(const struct pipseed_policy *policy, const struct setting *setting)
{
        if (setting->key != NULL)
                return &policy->slots[schema_index(setting->key)];
        for (size_t i = schema_count(); i < policy->n; i++)
                if (strcmp(policy->slots[i].name, setting->name) == 0)
                        return &policy->slots[i];
        return NULL;
}

static enum value_type slot_type(const struct slot *slot)
{
        return slot->key != NULL ? slot->key->type : VALUE_SHA256;
}

/* The place stands in front: a message has to name it also where nobody prints the path. */
static int fail_value(const struct settings *group, const struct setting *setting, const struct pipseed_error *reason,
                      struct pipseed_error *err)
{
        int code = group->layer == POLICY_LAYER_COMMAND_LINE ? PIPSEED_E_BAD_VALUE : PIPSEED_E_POLICY_VALUE;

        if (reason->code != PIPSEED_E_BAD_VALUE) {
                *err = *reason;
                return err->code;
        }
        (void)error_set(err, code, group->path, "%s: %.120s = '%.120s': %.400s", settings_place(setting->origin),
                        setting->name, setting->value, reason->message);
        return error_hint(err, "see pipseed-policy(5) for the values of %.200s", setting->name);
}

static int fail_locked(const struct settings *group, const struct setting *setting, const struct slot *slot,
                       const char *lock, struct pipseed_error *err)
{
        if (slot != NULL)
                (void)error_set(err, PIPSEED_E_POLICY_LOCKED, group->path,
                                "%s: refusing to set %.120s to '%.80s': locked to '%.80s' by %s",
                                settings_place(setting->origin), setting->name, setting->value, slot->value.text,
                                settings_place(lock));
        else
                (void)error_set(err, PIPSEED_E_POLICY_LOCKED, group->path,
                                "%s: refusing to add the pin %.120s: [" SCHEMA_PINS "] is locked by %s",
                                settings_place(setting->origin), setting->name, settings_place(lock));
        return error_hint(err, "remove it, or ask the owner of %s", settings_place(lock));
}

static int parse(struct pipseed_policy *policy, const struct settings *group, const struct setting *setting,
                 const struct slot *slot, struct value *ret_value, struct pipseed_error *err)
{
        struct pipseed_error reason = PIPSEED_ERROR_INIT;
        enum value_type type = setting->key != NULL ? setting->key->type : VALUE_SHA256;
        int r;

        if (setting->append)
                r = value_append_path(&slot->value, setting->value, &policy->arena, ret_value, &reason);
        else
                r = value_parse(type, setting->key != NULL ? setting->key->choices : NULL, setting->value,
                                &policy->arena, ret_value, &reason);
        return r < 0 ? fail_value(group, setting, &reason, err) : 0;
}

static int add_slot(struct pipseed_policy *policy, const struct slot *slot, struct pipseed_error *err)
{
        if (arena_grow(&policy->arena, &policy->slots, policy->n, &policy->capacity, sizeof(*policy->slots)) < 0)
                return error_memory(err);
        policy->slots[policy->n++] = *slot;
        return 0;
}

/* One setting of a layer against what the earlier ones say:
 *
 *     locked   same value   result
 *     no       -            the setting's value and place
 *     yes      yes          nothing changes: the lock's layer stays the origin
 *     yes      no           refused
 */
static int take(struct pipseed_policy *policy, const struct settings *group, const struct setting *setting,
                struct pipseed_error *err)
{
        struct slot *slot = find_slot(policy, setting);
        /* A key always has a slot. */
        /* cppcheck-suppress nullPointerRedundantCheck */
        const char *lock = setting->key != NULL ? slot->locked_by : policy->pins_locked_by;
        bool is_option = group->layer == POLICY_LAYER_COMMAND_LINE;
        struct slot next = {setting->key, setting->name, {0}, group->layer, setting->origin, lock, is_option};
        int r = parse(policy, group, setting, slot, &next.value, err);

        if (r < 0)
                return r;
        if (lock != NULL) {
                if (slot != NULL && value_equal(slot_type(slot), &slot->value, &next.value)) {
                        slot->was_set = slot->was_set || is_option;
                        return 0;
                }
                return fail_locked(group, setting, slot, lock, err);
        }
        if (slot == NULL)
                return add_slot(policy, &next, err);
        *slot = next;
        return 0;
}

static void lock_slot(struct slot *slot, const char *origin)
{
        if (slot->locked_by == NULL)
                slot->locked_by = origin;
}

static int fail_lock(const struct settings *group, const struct setting *setting, const char *name, const char *reason,
                     struct pipseed_error *err)
{
        return error_set(err, PIPSEED_E_POLICY_VALUE, group->path, "%s: " SCHEMA_LOCK ": '%.100s' %s",
                         settings_place(setting->origin), name, reason);
}

static int fail_lock_unknown(const struct settings *group, const struct setting *setting, const char *name,
                             struct pipseed_error *err)
{
        const char *meant = schema_suggest_name(name);

        (void)fail_lock(group, setting, name, "is neither a key nor a section", err);
        if (meant != NULL)
                return error_hint(err, "did you mean %s?", meant);
        return error_hint(err, "name keys as section.key, or whole sections");
}

static int lock_name(struct pipseed_policy *policy, const struct settings *group, const struct setting *setting,
                     const char *name, struct pipseed_error *err)
{
        const struct schema_key *key = schema_find_name(name);

        if (strcmp(name, "policy") == 0 || strcmp(name, SCHEMA_LOCK) == 0)
                return fail_lock(group, setting, name, "cannot be locked: locks can only be added", err);
        if (strcmp(name, SCHEMA_PINS) == 0) {
                if (policy->pins_locked_by == NULL)
                        policy->pins_locked_by = setting->origin;
                return 0;
        }
        if (key != NULL) {
                lock_slot(&policy->slots[schema_index(key)], setting->origin);
                return 0;
        }
        if (!schema_has_section(name))
                return fail_lock_unknown(group, setting, name, err);
        for (size_t i = 0; i < schema_count(); i++)
                if (schema_in_section(schema_at(i), name))
                        lock_slot(&policy->slots[i], setting->origin);
        return 0;
}

/* Locks hold from the end of their file on, wherever in it they stand. */
static int take_locks(struct pipseed_policy *policy, const struct settings *group, const struct setting *setting,
                      const struct value *before, struct pipseed_error *err)
{
        struct slot *slot = find_slot(policy, setting);
        _cleanup_(str_done) struct str all = STR_INIT;
        int r = 0;

        for (size_t i = 0; r == 0 && i < slot->value.n_items; i++)
                r = lock_name(policy, group, setting, slot->value.items[i], err);
        if (r < 0 || before->n_items == 0)
                return r;
        str_printf(&all, "%s, %s", before->text, slot->value.text);
        if (all.failed)
                return error_memory(err);
        return value_parse(VALUE_NAMES, NULL, all.data, &policy->arena, &slot->value, err);
}

static int take_group(struct pipseed_policy *policy, const struct settings *group, struct pipseed_error *err)
{
        const struct value locks = policy->slots[0].value;
        const struct setting *lock = NULL;

        for (size_t i = 0; i < group->n; i++) {
                const struct setting *setting = &group->list[i];
                int r;

                if (setting->key == schema_at(0)) {
                        lock = setting;
                        if (group->layer != POLICY_LAYER_SYSTEM) {
                                (void)error_set(err, PIPSEED_E_POLICY_SYNTAX, group->path,
                                                "%s: " SCHEMA_LOCK " is allowed in system files only",
                                                settings_place(setting->origin));
                                return error_hint(err, "remove the line");
                        }
                }
                r = take(policy, group, setting, err);
                if (r < 0)
                        return r;
        }
        return lock != NULL ? take_locks(policy, group, lock, &locks, err) : 0;
}

static int take_built_in(struct pipseed_policy *policy, struct pipseed_error *err)
{
        for (size_t i = 0; i < schema_count(); i++) {
                const struct schema_key *key = schema_at(i);
                struct slot slot = {.key = key, .name = key->name, .layer = POLICY_LAYER_BUILT_IN, .origin = ""};
                int r = value_parse(key->type, key->choices, key->fallback, &policy->arena, &slot.value, err);

                if (r == 0)
                        r = add_slot(policy, &slot, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The request borrows this array, so that it is rebuilt after each change, the old one staying in the arena. */
static int gather_pins(struct pipseed_policy *policy, struct pipseed_error *err)
{
        size_t n = policy->n - schema_count();
        struct pipseed_pin *pins = arena_calloc(&policy->arena, n + 1, sizeof(*pins));

        void *pointers = pins != NULL ? arena_pointers(&policy->arena, pins, n, sizeof(*pins)) : NULL;

        if (pointers == NULL)
                return error_memory(err);
        for (size_t i = 0; i < n; i++) {
                const struct slot *slot = &policy->slots[schema_count() + i];

                pins[i] = (struct pipseed_pin){.size = sizeof(pins[i]),
                                               .filename = slot->name + strlen(SCHEMA_PINS "."),
                                               .sha256 = slot->value.text};
        }
        policy->pins = pointers;
        return 0;
}

/* The array ends in NULL at any time. */
static int add_option(struct pipseed_policy *policy, const char *text, struct pipseed_error *err)
{
        size_t n = policy->n_options > 0 ? policy->n_options + 1 : 0;

        if (text == NULL ||
            arena_grow(&policy->arena, &policy->options, n, &policy->options_capacity, sizeof(*policy->options)) < 0)
                return error_memory(err);
        policy->options[policy->n_options++] = text;
        policy->options[policy->n_options] = NULL;
        return 0;
}

void pipseed_policy_free(struct pipseed_policy *policy)
{
        if (policy == NULL)
                return;
        arena_done(&policy->arena);
        free(policy);
}
DEFINE_CLEANUP(struct pipseed_policy *, pipseed_policy_free)

static int load(const struct pipseed_policy_options *options, struct pipseed_policy **ret_policy,
                struct pipseed_error *err)
{
        _cleanup_(pipseed_policy_freep) struct pipseed_policy *policy = calloc(1, sizeof(*policy));
        struct pipseed_policy_options own = {0};
        int r;

        if (policy == NULL)
                return error_memory(err);
        if (options == NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL, "missing policy options");
        r = abi_take(&own, sizeof(own), options, OPTIONS_MIN_SIZE, "struct of the policy's options", err);
        if (r == 0)
                r = take_built_in(policy, err);
        if (r == 0)
                r = layers_read(&own, &policy->arena, &policy->layers, err);
        for (size_t i = 0; r == 0 && i < policy->layers.n; i++)
                r = take_group(policy, &policy->layers.list[i], err);
        if (r == 0)
                r = gather_pins(policy, err);
        if (r == 0 && options->file != NULL)
                r = add_option(policy, arena_format(&policy->arena, "policy=%s", options->file), err);
        if (r < 0)
                return r;
        *ret_policy = steal_ptr(policy);
        return 0;
}

int pipseed_policy_load(const struct pipseed_policy_options *options, struct pipseed_policy **ret_policy,
                        struct pipseed_error *err)
{
        return settings_finish(err, load(options, ret_policy, err));
}

static int fail_name(const char *key, const char *option, struct pipseed_error *err)
{
        const char *meant = schema_suggest_name(key);

        (void)error_set(err, PIPSEED_E_USAGE, NULL, "%.200s: unknown policy key '%.200s'", option, key);
        if (meant != NULL)
                return error_hint(err, "did you mean %s?", meant);
        return error_hint(err, "run: pipseed policy show");
}

/* The layer of the command line, one option at a time. */
static int set(struct pipseed_policy *policy, const char *key, const char *value, const char *option, bool append,
               struct pipseed_error *err)
{
        struct settings group = {.layer = POLICY_LAYER_COMMAND_LINE};
        struct setting setting = {.key = schema_find_name(key), .append = append};
        bool pin = str_starts(key, SCHEMA_PINS ".") && value_is_wheel_name(key + strlen(SCHEMA_PINS "."));
        int r;

        if (option == NULL)
                option = key;
        if (setting.key == NULL && !pin)
                return fail_name(key, option, err);
        if (strcmp(key, SCHEMA_LOCK) == 0)
                return error_set(err, PIPSEED_E_USAGE, NULL, "%.200s: " SCHEMA_LOCK " is allowed in system files only",
                                 option);
        if (append && (pin || setting.key->type != VALUE_PATHS))
                return error_set(err, PIPSEED_E_USAGE, NULL, "%.200s: %.200s is not a list", option, key);
        setting.name = arena_strdup(&policy->arena, key);
        setting.value = arena_strdup(&policy->arena, value);
        setting.origin = arena_strdup(&policy->arena, option);
        if (setting.name == NULL || setting.value == NULL || setting.origin == NULL)
                return error_memory(err);
        r = take(policy, &group, &setting, err);
        if (r == 0 && pin)
                r = gather_pins(policy, err);
        return r < 0 ? r
                     : add_option(policy, arena_format(&policy->arena, "%s%s=%s", key, append ? "+" : "", value), err);
}

int pipseed_policy_set(struct pipseed_policy *policy, const char *key, const char *value, const char *option,
                       struct pipseed_error *err)
{
        return settings_finish(err, set(policy, key, value, option, false, err));
}

int pipseed_policy_append(struct pipseed_policy *policy, const char *key, const char *value, const char *option,
                          struct pipseed_error *err)
{
        return settings_finish(err, set(policy, key, value, option, true, err));
}

/* A caller with a shorter request cannot pass on what lies behind its end: no key of a policy is lost silently. */
static int check_fits(const struct pipseed_request *own, size_t size, struct pipseed_error *err)
{
        struct pipseed_request defaults;

        pipseed_request_init(&defaults);
        if (size >= sizeof(defaults) ||
            memcmp((const char *)own + size, (const char *)&defaults + size, sizeof(defaults) - size) == 0)
                return 0;
        (void)error_set(err, PIPSEED_E_UNSUPPORTED, NULL,
                        "the policy has a setting unknown to the calling program, which was built for an older "
                        "libpipseed");
        return error_hint(err, "update the program that calls libpipseed %s", PIPSEED_VERSION);
}

int pipseed_policy_apply(const struct pipseed_policy *policy, struct pipseed_request *req, struct pipseed_error *err)
{
        struct pipseed_request own;
        int r;

        pipseed_request_init(&own);
        r = abi_take(&own, sizeof(own), req, REQUEST_MIN_SIZE, "request", err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < schema_count(); i++)
                if (schema_at(i)->apply != NULL)
                        schema_at(i)->apply(&policy->slots[i].value, &own);
        own.pins = policy->pins;
        own.n_pins = policy->n - schema_count();
        r = check_fits(&own, req->size, err);
        if (r == 0)
                (void)abi_give(req, REQUEST_MIN_SIZE, &own, sizeof(own));
        return r;
}

/* What seed.scripts says in a file is about a plain `seed`. */
int pipseed_policy_apply_create(const struct pipseed_policy *policy, struct pipseed_create_request *req,
                                struct pipseed_error *err)
{
        const struct schema_key *key = schema_find_name("seed.scripts");
        enum pipseed_scripts scripts;
        int r;

        if (req->size < ABI_END(struct pipseed_create_request, hook_options) || req->seeding == NULL)
                return error_set(err, PIPSEED_E_USAGE, NULL, "the request is not initialised");
        scripts = req->seeding->scripts;
        r = pipseed_policy_apply(policy, req->seeding, err);
        if (r < 0)
                return r;
        if (!policy->slots[schema_index(key)].was_set)
                req->seeding->scripts = scripts;
        req->hooks = pipseed_policy_hooks(policy);
        req->hook_options = policy->options;
        return 0;
}

size_t pipseed_policy_count(const struct pipseed_policy *policy)
{
        return policy->n;
}

int pipseed_policy_value_at(const struct pipseed_policy *policy, size_t i, struct pipseed_policy_value *ret_value)
{
        struct pipseed_policy_value value = {0};
        const struct slot *slot;

        if (i >= policy->n)
                return PIPSEED_E_USAGE;
        slot = &policy->slots[i];
        value = (struct pipseed_policy_value){
                .key = slot->name,
                .value = slot->value.text,
                .layer = layer_names[slot->layer],
                .origin = slot->origin,
                .locked_by = slot->key != NULL ? slot->locked_by : policy->pins_locked_by,
                .help = slot->key != NULL ? slot->key->help : "sha256 that the wheel of this name must have",
        };
        return abi_give(ret_value, VALUE_MIN_SIZE, &value, sizeof(value)) < 0 ? PIPSEED_E_USAGE : 0;
}

const char *pipseed_policy_file_at(const struct pipseed_policy *policy, size_t i)
{
        for (size_t k = 0; k < policy->layers.n; k++)
                if (policy->layers.list[k].path != NULL && i-- == 0)
                        return policy->layers.list[k].path;
        return NULL;
}

const char *pipseed_policy_place_at(const struct pipseed_policy *policy, size_t i)
{
        return i < policy->layers.n_places ? policy->layers.places[i] : NULL;
}

const char *const *pipseed_policy_hooks(const struct pipseed_policy *policy)
{
        const struct schema_key *key = schema_find_name("venv.hooks");

        return policy->slots[schema_index(key)].value.items;
}
