/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* A loop of two instructions, in one block that goes to itself, for ever. */
	xor %eax, %eax
1:	inc %rax
	jmp 1b
