/* SPDX-License-Identifier: MIT */
/*
 * help.h - help text, made from the tables of commands and options, so that it always matches the parser.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "command.h"

#include <stdio.h>

/* Help of the whole program: its commands and the options that all of them have. */
void help_program(FILE *stream, const struct option_group *common);
void help_command(FILE *stream, const struct command *command);
/* "usage: pipseed seed [OPTIONS] [ENV...]" */
void help_usage(FILE *stream, const struct command *command);

#endif
