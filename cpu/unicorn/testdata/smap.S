/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* SMEP and SMAP. The test has taken the U bit from all pages but those from
 * 0xd0000 to 0xdffff. */
	SKIP 14, 8
	HOOK 14, stack
	movb $0xc3, 0xd0000			/* RET */
	mov $0xd0000, %ebx
	call *%rbx
	mov 0xd0000, %rax
	mov %cr4, %rax
	bts $20, %rax
	mov %rax, %cr4
	call *%rbx				/* SMEP: #PF(0x11) */
	mov 0xd0000, %rcx
	bts $21, %rax
	mov %rax, %cr4
f1:	mov 0xd0000, %rcx			/* SMAP: #PF(1) */
f2:	mov %rcx, 0xd0000			/* #PF(3) */
	stac
	mov 0xd0000, %rcx
	mov %rcx, 0xd1000
	clac
f3:	mov 0xd1000, %rcx
	/* RFLAGS.AC by POPF too */
	pushf
	orl $0x40000, (%rsp)
	popf
	mov 0xd1000, %rcx
	pushf
	andl $~0x40000, (%rsp)
	popf
f4:	mov 0xd1000, %rcx
	mov 0xe0000, %rcx			/* not a user page */
	/* it does not matter to user mode */
	mov $0x90feeb80cdc3ff48, %rcx		/* inc %rbx; int $0x80; jmp . */
	stac
	mov %rcx, 0xd2000
	clac
	HOOK 0x80, kernel
	push $USERD
	push $0xd8000
	push $2
	push $USER64
	push $0xd2000
	iretq
back:	mov $0x80000, %esp
	btr $20, %rax
	btr $21, %rax
	mov %cr4, %rax
	btr $20, %rax
	btr $21, %rax
	mov %rax, %cr4
	mov 0xd0000, %rcx
	jmp done
kernel:	movq $back, (%rdi)
	movq $0x10, 8(%rdi)
	movq $0x18, 32(%rdi)
	ret
/* a fetch fault returns from the call instead */
stack:	cmpq $0xd0008, (%rdi)
	jne 1f
	mov 24(%rdi), %rax
	mov (%rax), %rcx
	mov %rcx, (%rdi)
	addq $8, 24(%rdi)
1:	ret
