/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Random bytes as user code: the test fills the page at 0xd0000. Every fault goes
 * on four bytes further in that page, and at the end of it around; software
 * interrupts too. RBX counts them down, and at 0 the guest ends. */
	mov $soup_hook, %eax
	mov $HOOKS, %edi
	mov $256, %ecx
	rep stosq
	USERMODE 0xd0000
soup_hook:
	mov next, %rax
	add $5, %rax
	and $0xfff, %eax
	or $0xd0000, %eax
	mov %rax, next
	mov %rax, (%rdi)		/* RIP */
	movq $USER64, 8(%rdi)
	movq $0xd8000, 24(%rdi)		/* RSP */
	movq $USERD, 32(%rdi)
	mov 16(%rdi), %rax
	and $0x40ed5, %eax		/* no TF, NT, RF; IF as it is */
	or $2, %eax
	mov %rax, 16(%rdi)
	movq $0, RECORDS		/* they would fill all RAM */
	decl rounds
	jz done
	ret
	.balign 8
next:	.quad 0xd0000
rounds:	.long 40
