/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Device memory in the middle of blocks. The counts in the test are made from
 * the numbers at the right: instructions retired, the one of the line included. */
	mov $MMIO, %ebx				/* 6, behind the 5 of common.S */
	mov $1, %eax				/* 7 */
	mov (%rbx), %rdx			/* 8 */
	inc %rax				/* 9 */
	mov %eax, 8(%rbx)			/* 10 */
	inc %rax				/* 11 */
	mov %al, 16(%rbx)			/* 12 */
	movzwl 18(%rbx), %ecx			/* 13 */
	inc %rax				/* 14 */
	addl $5, 20(%rbx)			/* 15: read and write */
	nop					/* 16 */
	lock xaddq %rax, 24(%rbx)		/* 17 */
	xchg %ecx, 32(%rbx)			/* 18 */
	mov %rbx, %rsi				/* 19 */
	mov $DATA, %edi				/* 20 */
	mov $3, %ecx				/* 21 */
	rep movsl				/* 22, 23, 24 and 25 for the last look at RCX */
	mov $DATA, %esi				/* 26 */
	lea 0x100(%rbx), %rdi			/* 27 */
	mov $2, %ecx				/* 28 */
	rep movsq				/* 29, 30, 31 */
	mov %rbx, %rsi				/* 32 */
	lea 0x40(%rbx), %rdi			/* 33 */
	movsw					/* 34: read and write */
	mov %rsp, %rbp				/* 35 */
	lea 0x80(%rbx), %rsp			/* 36 */
	push %rax				/* 37 */
	pop %rcx				/* 38 */
	call 1f					/* 39 */
1:	mov %rbp, %rsp				/* 40 */
	movdqu 0x200(%rbx), %xmm0		/* 41: two reads */
	movdqu %xmm0, 0x210(%rbx)		/* 42 */
	/* MMIO by which an interrupt is raised ends at its instruction */
	nop
	jmp done
