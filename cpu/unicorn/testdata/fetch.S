/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Faults on instruction fetch, and instructions that lie over two pages. */
	HOOK 14, mend
	movl $0xc3c3ff48, 0xd0000		/* inc %rbx; ret */
	movq $0, PTE(0xd0000)
	mov $0xd0000, %eax
	call *%rax				/* not present */
	mov $0xd1000, %eax
	movl $0xc3c3ff48, 0xd1000
	btsq $63, PTE(0xd1000)
	call *%rax				/* NX */

	/* mov $0x1122334455667788, %rdx over the end of 0xd2000 */
	mov $0xba48, %eax
	mov %ax, 0xd2ffb
	mov $0x1122334455667788, %rax
	mov %rax, 0xd2ffd
	movb $0xc3, 0xd3005
	mov $0xd2ffb, %eax
	call *%rax				/* once with both pages there */
	movq $0, PTE(0xd3000)			/* no INVLPG: the TLB is coherent */
	call *%rax				/* the second is not: CR2 is its address */
	mov %rdx, DATA
	/* another page behind: its bytes are all 0x90 but the RET */
	mov $0xd4000, %edi
	mov $0x9090909090909090, %rax
	mov $512, %ecx
	rep stosq
	movb $0xc3, 0xd4005
	movq $0xd4007, PTE(0xd3000)
	mov $0xd2ffb, %eax
	call *%rax
	mov %rdx, DATA + 8
	/* and the page before: 0xd5000 is 0xd2000 with another first byte (RBX) */
	movw $0xbb48, 0xd5ffb
	movw $0x1234, 0xd5ffd
	movb $0x56, 0xd5fff
	movq $0xd5007, PTE(0xd2000)
	call *%rax
	mov %rbx, DATA + 16
	/* a store into the second page of an instruction that ran */
	movb $0x77, 0xd4001
	call *%rax
	mov %rbx, DATA + 24

	/* to a non-canonical address: the fault comes with the fetch */
	HOOK 13, back
	mov $0x800000000000, %rax
	call *%rax
	nop
	jmp done

mend:	mov %cr2, %rax
	mov %rax, %rcx
	and $~0xfff, %rcx
	shr $12, %rax
	or $7, %rcx
	mov %rcx, PT(,%rax,8)
	ret
/* as RET would */
back:	mov 24(%rdi), %rax
	mov (%rax), %rcx
	mov %rcx, (%rdi)
	add $8, %rax
	mov %rax, 24(%rdi)
	ret
