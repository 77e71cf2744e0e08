/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Makes new code all the time: a page full of additions, changed and run again
 * and again, with stores all over RAM. The test says in R15 how often. */
	mov $0xd0000, %edi
	mov $0x0001c083, %eax		/* add $1, %eax ... */
	mov $1000, %ecx
1:	movl $0x9001c083, (%rdi)
	add $4, %rdi
	dec %ecx
	jnz 1b
	movb $0xc3, (%rdi)
	xor %eax, %eax
	mov $0xd0000, %ebx
2:	mov %r15d, %ecx
	and $0x3ff, %ecx
	movb %r15b, 2(%rbx,%rcx,4)	/* another constant in one of them */
	call *%rbx
	mov %eax, %edx
	and $0xffff8, %edx
	mov %rax, 0x100000(%rdx)
	dec %r15
	jnz 2b
	mov %rax, DATA
	jmp done
