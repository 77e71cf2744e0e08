/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Some of everything, with interrupts on most of the time: the test raises one
 * at every count. */
	HOOK 14, mend
	SKIP 6, 2
	movq $0, PTE(0xd0000)
	nop
	sti
	nop
	mov $6, %ecx
1:	add %rcx, %rbx
	dec %ecx
	jnz 1b
	mov $3, %ecx
	mov $DATA, %edi
	rep stosb
	mov $0x18, %eax
	mov %eax, %ss
	mov $0x80000, %esp
	cli
	nop
	sti
	sti
	nop
	mov $MMIO, %edx
	nop
	addl $3, (%rdx)
	nop
	in $0x61, %al
	nop
	inc %rbx
	incq 0xd0000
	nop
	ud2
	nop
	int $0x80
	nop
	pushf
	cli
	nop
	popf
	nop
	pushf
	orl $0x100, (%rsp)
	popf
	nop
	mov %eax, %eax
	pushf
	andl $~0x100, (%rsp)
	popf
	/* in the shadow, instructions that leave their block by a jump, to one that is
	 * translated already when they come the second time */
	mov $3, %r12d
jumps:	push $4f
	cli
	nop
	sti
	ret
4:	add $1, %ebx
	mov $5f, %eax
	cli
	nop
	sti
	jmp *%rax
5:	add $1, %ebx
	cli
	nop
	sti
	jmp 6f
	nop
6:	add $1, %ebx
	mov $7f, %eax
	cli
	nop
	sti
	call *%rax
	add $1, %ebx
	jmp 8f
7:	add $1, %ebx
	mov $0x18, %edx
	mov %edx, %ss
	ret
8:	mov $3, %ecx
	cli
	nop
	sti
	loop 9f
	nop
9:	add $1, %ebx
	dec %r12d
	jnz jumps
	movb $5, 2f + 2(%rip)
	nop
2:	add $1, %ebx
	push $0x18
	push $0x80000
	push $0x10202
	push $0x10
	push $3f
	iretq
3:	jmp 4f
4:	nop
	cli
	nop
	sti
	cli
	nop
	jmp done
mend:	movq $0xd0007, PTE(0xd0000)
	ret
