/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Faults in the middle of a block: the handler finds the faulting instruction
 * not yet retired, mends what was wrong, and the instruction runs again. */
	HOOK 14, mend
	movq $0, PTE(0xd0000)
	movq $0, PTE(0xd1000)
	movq $0xd2000 + 5, PTE(0xd2000)		/* not writable */
	movq $0, PTE(0xd3000)
	mov $1, %eax
	mov $2, %ebx
load:	add 0xd0008, %rax			/* not present, load */
	add %rbx, %rax
store:	mov %rax, 0xd1010			/* not present, store */
	inc %rbx
rmw:	incq 0xd1ff8
readonly: mov %rbx, 0xd2018			/* present, not writable: CR0.WP is set */
	mov $0xd3fff, %ecx
cross:	mov 0xd2ffc, %rdx			/* its second half is in 0xd3000 */
	add %rdx, %rax
	lea 0xd4004, %rsp
	movq $0, PTE(0xd4000)
	movq $0, PTE(0xd3000)
pushf:	push %rax				/* RSP must not have moved; over two pages */
	pop %rbp
	mov $0x80000, %esp

	SKIP 13, 3
	mov $0x800000000000, %rsi
	inc %rbx
noncanonical: add (%rsi), %rcx
	inc %rbx
	SKIP 0, 2
	xor %ecx, %ecx
divide:	div %ecx
	inc %rbx
	mov $0x7fffffff, %edx
overflow: idiv %ebx
	SKIP 6, 2
	inc %rbx
undefined: ud2
	inc %rbx
far_jump: .byte 0xff, 0xeb			/* through a register: #UD */
	SKIP 6, 3
far_call: .byte 0x48, 0xff, 0xd9
	SKIP 13, 2
	mov $0xfff8, %edx
selector: mov %edx, %ds				/* #GP(selector) beyond the GDT */
	inc %rbx

	HOOK 7, clear_ts
	mov %cr0, %rax
	or $8, %rax
	mov %rax, %cr0
	inc %rbx
fpu:	fldpi					/* #NM, then again */
	inc %rbx
	mov %cr0, %rax
	or $8, %rax
	mov %rax, %cr0
sse:	pxor %xmm1, %xmm1
	movq $0x37b, DATA			/* divide by zero unmasked */
	fldcw DATA
	fld1
	fldz
	.byte 0xde, 0xf9			/* FDIVP: 1 / 0, an exception is pending */
	inc %rbx
	HOOK 16, clear_fpu
pending: fwait				/* #MF; the library raises it at FWAIT only */
	inc %rbx
	jmp done

mend:	mov %cr2, %rax
	mov %rax, %rcx
	and $~0xfff, %rcx
	shr $12, %rax
	or $7, %rcx
	mov %rcx, PT(,%rax,8)
	ret
clear_ts: clts
	ret
clear_fpu: fnclex
	ret
