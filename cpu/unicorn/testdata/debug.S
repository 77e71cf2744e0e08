/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* The resume flag and the guest's own execution breakpoints. */
	/* RF lasts for one instruction; blocks that end in jumps, stores, faults */
	mov %rsp, %rbp
	.macro RESUME label
	push $0x18
	push %rbp
	push $0x10002
	push $0x10
	push $\label
	iretq
	.endm
	RESUME r1
r1:	nop
	jmp 1f
	nop
1:	nop
	RESUME r2
r2:	jmp 1f
	nop
1:	jmp 2f
2:	nop
	RESUME r3
r3:	incl DATA
	test %eax, %eax
	jz 1f
1:	HOOK 14, mend
	RESUME r4
r4:	movq $0, PTE(0xd0000)
	RESUME r5
r5:	incl 0xd0000			/* RF is in the frame of the fault */
	nop
	RESUME r6
r6:	incl MMIO
	SKIP 6, 2
	RESUME r7
r7:	ud2
	RESUME r8
r8:	pushf				/* RF is never pushed by PUSHF */
	pop %rdx
	nop
	/* an execution breakpoint; its handler sets RF */
	HOOK 1, resume
	mov $b1, %eax
	mov %rax, %dr0
	mov $b2, %eax
	mov %rax, %dr1
	mov $0xa, %eax
	mov %rax, %dr7
	mov $3, %ecx
b1:	add %ecx, %ebx
	nop
b2:	incl MMIO + 4
	dec %ecx
	jnz b1
	xor %eax, %eax
	mov %rax, %dr7
	mov %dr6, %rdx
	mov %rdx, DATA + 8
	jmp done
mend:	movq $0xd0007, PTE(0xd0000)
	ret
resume:	orl $0x10000, 16(%rdi)
	ret
