/* SPDX-License-Identifier: MIT */
/*
 * Debian's libjansson.a is compiled for programs: it reaches stdin in a way that a shared library cannot offer, unless
 * stdin is its own. This one is. jansson only compares a stream that it is told to read with it, and the library never
 * reads JSON from a stream. Part of libpipseed.so alone, and only with a static jansson: a program has the C library's.
 */
extern __attribute__((visibility("hidden"))) void *stdin;
void *stdin = (void *)0;
