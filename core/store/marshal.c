/* SPDX-License-Identifier: MIT */
#include "marshal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 400
#define FLAG_REF 0x80
#define STEPS_PER_BYTE 64 /* a bound for what references of a hostile file can multiply */

/* An object. All are in one array in the order in which they are written, so that children follow their parent. */
struct node {
        uint8_t type;   /* without FLAG_REF */
        uint32_t start; /* of its own bytes; REF: number of the node that is meant */
        uint32_t len;
        uint32_t end; /* number of the first node behind its children */
};

struct tree {
        const uint8_t *data;
        size_t len, at;
        struct node *nodes;
        size_t n_nodes;
        uint32_t *refs;
        size_t n_refs;
        const struct shape *shape;
};

/* What a code object consists of: numbers, objects, the first line, objects. */
struct shape {
        int minor; /* from this 3.x on */
        uint32_t n_numbers, n_objects, filename, n_last;
};

static const struct shape shapes[] = {{11, 5, 8, 5, 2}, {8, 6, 8, 6, 1}, {3, 5, 8, 6, 1}};

/* How the length of an object's own bytes is written, and how many of these there are for each unit of it. */
enum size_kind { SIZE_FIXED, SIZE_BYTE, SIZE_LONG };
enum group { GROUP_NONE, GROUP_TEXT, GROUP_TUPLE, GROUP_SET };

static const struct form {
        char type;
        uint8_t size_kind;
        uint8_t unit;     /* SIZE_FIXED: bytes; else bytes for each */
        uint8_t children; /* SIZE_FIXED: their number; else: the length is their number */
        uint8_t group;    /* types of one group can stand for each other */
} forms[] = {
        {'N', SIZE_FIXED, 0, 0, GROUP_NONE}, {'F', SIZE_FIXED, 0, 0, GROUP_NONE},  {'T', SIZE_FIXED, 0, 0, GROUP_NONE},
        {'S', SIZE_FIXED, 0, 0, GROUP_NONE}, {'.', SIZE_FIXED, 0, 0, GROUP_NONE},  {'i', SIZE_FIXED, 4, 0, GROUP_NONE},
        {'g', SIZE_FIXED, 8, 0, GROUP_NONE}, {'y', SIZE_FIXED, 16, 0, GROUP_NONE}, {'l', SIZE_LONG, 2, 0, GROUP_NONE},
        {'s', SIZE_LONG, 1, 0, GROUP_NONE},  {'u', SIZE_LONG, 1, 0, GROUP_TEXT},   {'t', SIZE_LONG, 1, 0, GROUP_TEXT},
        {'a', SIZE_LONG, 1, 0, GROUP_TEXT},  {'A', SIZE_LONG, 1, 0, GROUP_TEXT},   {'z', SIZE_BYTE, 1, 0, GROUP_TEXT},
        {'Z', SIZE_BYTE, 1, 0, GROUP_TEXT},  {'(', SIZE_LONG, 0, 1, GROUP_TUPLE},  {')', SIZE_BYTE, 0, 1, GROUP_TUPLE},
        {'[', SIZE_LONG, 0, 1, GROUP_NONE},  {'<', SIZE_LONG, 0, 1, GROUP_SET},    {'>', SIZE_LONG, 0, 1, GROUP_SET},
        {':', SIZE_FIXED, 0, 3, GROUP_NONE},
};

static const struct form *find_form(uint8_t type)
{
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                if ((uint8_t)forms[i].type == type)
                        return &forms[i];
        return NULL;
}

static bool take(struct tree *tree, size_t len)
{
        if (len > tree->len - tree->at)
                return false;
        tree->at += len;
        return true;
}

static bool take_u32(struct tree *tree, uint32_t *ret_value)
{
        const uint8_t *bytes = tree->data + tree->at;

        if (!take(tree, 4))
                return false;
        *ret_value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
        return true;
}

static bool read_node(struct tree *tree, int depth);

static bool read_nodes(struct tree *tree, uint32_t n, int depth)
{
        /* Each takes a byte at least: a number that the rest cannot hold ends early. */
        for (uint32_t i = 0; i < n; i++)
                if (!read_node(tree, depth))
                        return false;
        return true;
}

/* The sign of an int is in the number of its digits. */
static bool read_formed(struct tree *tree, const struct form *form, struct node *node, int depth)
{
        uint32_t size = form->size_kind == SIZE_FIXED ? 1 : 0;
        size_t own;

        node->start = (uint32_t)tree->at;
        if (form->size_kind == SIZE_LONG && !take_u32(tree, &size))
                return false;
        if (form->size_kind == SIZE_BYTE) {
                if (!take(tree, 1))
                        return false;
                size = tree->data[tree->at - 1];
        }
        if (form->children != 0) {
                node->len = 0;
                return read_nodes(tree, form->size_kind == SIZE_FIXED ? form->children : size, depth + 1);
        }
        if (form->type != 'l')
                node->start = (uint32_t)tree->at;
        else if ((size & 0x80000000U) != 0)
                size = 0U - size;
        own = (size_t)size * form->unit;
        if (!take(tree, own))
                return false;
        node->len = (uint32_t)tree->at - node->start;
        return true;
}

/* The first line stands between the objects: it counts as one of them. */
static bool read_code(struct tree *tree, struct node *node, int depth)
{
        const struct shape *shape = tree->shape;
        struct node *line;

        node->start = (uint32_t)tree->at;
        node->len = shape->n_numbers * 4;
        if (!take(tree, node->len) || !read_nodes(tree, shape->n_objects, depth + 1) || !take(tree, 4))
                return false;
        line = &tree->nodes[tree->n_nodes++];
        *line = (struct node){.type = 'i', .start = (uint32_t)tree->at - 4, .len = 4, .end = (uint32_t)tree->n_nodes};
        return read_nodes(tree, shape->n_last, depth + 1);
}

static bool read_ref(struct tree *tree, struct node *node)
{
        uint32_t number = 0;

        if (!take_u32(tree, &number) || number >= tree->n_refs)
                return false;
        node->start = tree->refs[number];
        return true;
}

static bool read_node(struct tree *tree, int depth)
{
        const size_t index = tree->n_nodes;
        struct node *node = &tree->nodes[index];
        const struct form *form;
        uint8_t code;
        bool good;

        if (depth > MAX_DEPTH || !take(tree, 1))
                return false;
        code = tree->data[tree->at - 1];
        tree->n_nodes++;
        *node = (struct node){.type = code & (uint8_t)~FLAG_REF};
        if ((code & FLAG_REF) != 0)
                tree->refs[tree->n_refs++] = (uint32_t)index;
        form = find_form(node->type);
        if (node->type == 'r')
                good = read_ref(tree, node);
        else if (node->type == 'c')
                good = read_code(tree, node, depth);
        else
                good = form != NULL && read_formed(tree, form, node, depth);
        node->end = (uint32_t)tree->n_nodes;
        return good;
}

static void tree_done(struct tree *tree)
{
        free(tree->nodes);
        free(tree->refs);
}

/* 1: it is a whole code object; 0: it is not; -ENOMEM. */
static int read_tree(struct tree *tree)
{
        /* A node takes a byte at least; the line of a code object, which has no byte of its own, takes four. */
        tree->nodes = calloc(tree->len + 2, sizeof(*tree->nodes));
        tree->refs = calloc(tree->len + 2, sizeof(*tree->refs));
        if (tree->nodes == NULL || tree->refs == NULL)
                return -ENOMEM;
        return tree->len < UINT32_MAX && read_node(tree, 0) && tree->at == tree->len && tree->nodes[0].type == 'c';
}

struct comparison {
        const struct tree *a, *b;
        uint64_t steps; /* that are left */
};

static bool is_same(struct comparison *c, uint32_t i, uint32_t j, int depth);

static bool has_same_bytes(const struct comparison *c, const struct node *x, const struct node *y)
{
        return x->len == y->len && memcmp(c->a->data + x->start, c->b->data + y->start, x->len) == 0;
}

/* Children in order, but for number `skip`. */
static bool has_same_children(struct comparison *c, uint32_t i, uint32_t j, uint32_t skip, int depth)
{
        const uint32_t i_end = c->a->nodes[i].end;
        const uint32_t j_end = c->b->nodes[j].end;
        uint32_t number = 0;

        for (i++, j++; i < i_end && j < j_end; number++) {
                if (number != skip && !is_same(c, i, j, depth + 1))
                        return false;
                i = c->a->nodes[i].end;
                j = c->b->nodes[j].end;
        }
        return i == i_end && j == j_end;
}

static uint32_t count_children(const struct tree *tree, uint32_t i)
{
        uint32_t n = 0;

        for (uint32_t k = i + 1; k < tree->nodes[i].end; k = tree->nodes[k].end)
                n++;
        return n;
}

/* Each of a has one of its own in b. */
static bool has_same_elements(struct comparison *c, uint32_t i, uint32_t j, int depth)
{
        const uint32_t n = count_children(c->a, i);
        _cleanup_free_ bool *taken = calloc((size_t)n + 1, sizeof(*taken));

        if (taken == NULL || n != count_children(c->b, j))
                return false;
        for (uint32_t k = i + 1; k < c->a->nodes[i].end; k = c->a->nodes[k].end) {
                uint32_t other = j + 1;
                uint32_t number = 0;

                while (number < n && (taken[number] || !is_same(c, k, other, depth + 1))) {
                        other = c->b->nodes[other].end;
                        number++;
                }
                if (number == n)
                        return false;
                taken[number] = true;
        }
        return true;
}

static uint8_t group_of(uint8_t type)
{
        const struct form *form = find_form(type);

        return form != NULL && form->group != GROUP_SET && form->group != GROUP_NONE ? form->group : type;
}

static bool is_same(struct comparison *c, uint32_t i, uint32_t j, int depth)
{
        const struct node *x;
        const struct node *y;

        if (depth > MAX_DEPTH || c->steps == 0)
                return false;
        c->steps--;
        if (c->a->nodes[i].type == 'r')
                i = c->a->nodes[i].start;
        if (c->b->nodes[j].type == 'r')
                j = c->b->nodes[j].start;
        x = &c->a->nodes[i];
        y = &c->b->nodes[j];
        if (group_of(x->type) != group_of(y->type) || !has_same_bytes(c, x, y))
                return false;
        if (x->type == 'c')
                return has_same_children(c, i, j, c->a->shape->filename, depth);
        if (x->type == '>' || x->type == '<')
                return has_same_elements(c, i, j, depth);
        return has_same_children(c, i, j, UINT32_MAX, depth);
}

int marshal_same_code(int minor, const uint8_t *known, size_t known_len, const uint8_t *other, size_t other_len)
{
        _cleanup_(tree_done) struct tree a = {.data = known, .len = known_len};
        _cleanup_(tree_done) struct tree b = {.data = other, .len = other_len};
        struct comparison c = {.a = &a, .b = &b, .steps = (known_len + other_len) * STEPS_PER_BYTE};
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(shapes) && a.shape == NULL; i++)
                if (minor >= shapes[i].minor)
                        a.shape = b.shape = &shapes[i];
        if (a.shape == NULL)
                return -ENOTSUP;
        r = read_tree(&a);
        if (r <= 0)
                return r < 0 ? r : -ENOTSUP;
        r = read_tree(&b);
        return r <= 0 ? r : is_same(&c, 0, 0, 0);
}
