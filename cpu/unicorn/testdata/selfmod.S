/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Code that writes code. */
	xor %ebx, %ebx
	movb $2, 1f + 2(%rip)		/* the next instruction */
1:	add $1, %ebx			/* add $2 */
	movb $3, 2f + 2(%rip)		/* further on in the same block */
	nop
	nop
2:	add $1, %ebx			/* add $3 */
	mov $3, %ecx
3:	add $1, %ebx			/* 1, 2, 3: changed behind the PC */
	incb 3b + 2(%rip)
	dec %ecx
	jnz 3b
	/* a routine on another page, changed between and under calls */
	mov $0xd0000, %edi
	movl $0xc301c383, (%rdi)	/* add $1, %ebx; ret */
	call *%rdi
	movb $0x10, 2(%rdi)
	call *%rdi
	/* over the page end: the page behind alone is changed */
	movl $0xc301c383, 0xd1ffe
	mov $0xd1ffe, %edi
	call *%rdi
	movb $0x20, 0xd2000
	call *%rdi
	movb $0x30, 0xd2000
	call *%rdi
	/* through another linear address of the same page */
	movq $0xd0007, PTE(0xd5000)
	movb $0x11, 0xd5002
	mov $0xd0000, %edi
	call *%rdi
	/* a string store over what follows it */
	mov $4f + 2, %edi
	mov $0x90, %al
	mov $6, %ecx
4:	rep stosb
	.fill 6, 1, 0xf4
	/* a PUSH into the next instruction */
	mov %rsp, %rbp
	lea 5f + 8(%rip), %rsp
	mov $0x9090909004c38390, %rax	/* nop; add $4, %ebx; nop... */
	push %rax
5:	.fill 8, 1, 0xf4
	mov %rbp, %rsp
	/* XCHG and an unaligned store over two instructions */
	movw $0x05c3, 6f + 1(%rip)
	mov $0x90, %eax
	xchg %al, 7f(%rip)
6:	add $1, %esi			/* add $5, %ebx */
7:	hlt
	/* many times: the block is translated anew each time */
	mov $40, %ecx
8:	mov %cl, 9f + 2(%rip)
9:	add $0, %ebx
	dec %ecx
	jnz 8b
	mov %ebx, DATA
	jmp done
