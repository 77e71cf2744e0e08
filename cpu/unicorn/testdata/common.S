/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What every micro-guest starts with. The test puts the CPU at _start in 64-bit
 * mode with paging on, the first 1 GiB mapped to itself by 2 MiB pages whose
 * tables lie at 0x1000, all segments flat, RSP = 0x80000, interrupts off.
 * Here are a GDT with every kind of segment, a TSS, an IDT whose handlers count
 * and return, and the end: HLT with interrupts off.
 */
	.code64
	.text
	.globl _start
_start:
	lgdt gdtr(%rip)
	lidt idtr(%rip)
	mov $0x58, %ax
	ltr %ax
	jmp main

	.balign 16
gdt:
	.quad 0
	.quad 0
	.quad 0x00af9b000000ffff	/* 0x10 kernel code, 64-bit */
	.quad 0x00cf93000000ffff	/* 0x18 kernel data */
	.quad 0x00cffb000000ffff	/* 0x20 user code, 32-bit */
	.quad 0x00cff3000000ffff	/* 0x28 user data */
	.quad 0x00affb000000ffff	/* 0x30 user code, 64-bit */
	.quad 0x00cf9b000000ffff	/* 0x38 kernel code, 32-bit */
	.quad 0, 0, 0
	.word 0x67, tss - _start, 0x8901, 0	/* 0x58 TSS; _start is at 0x10000 */
	.quad 0
gdt_end:
gdtr:	.word gdt_end - gdt - 1
	.quad gdt
idtr:	.word 256 * 16 - 1
	.quad 0x7000			/* built by the test: vector v -> handlers + 32 * v */

	.balign 16
tss:	.long 0
	.quad 0x78000			/* RSP0 */
	.fill 0x5c, 1, 0

/* Handler v counts in counts[v] (at 0x6000) and returns; faults that would
 * happen again for ever skip what skip[v] (at 0x6800) says. The test copies
 * one 64-byte stub per vector to 0x8000. */
	.globl handler_plain, handler_error
	.balign 64
handler_plain:
	push %rax
	mov $0x1122334455667788, %rax	/* patched: &counts[v] */
	incq (%rax)
	mov 0x800(%rax), %rax
	add %rax, 8(%rsp)
	pop %rax
	iretq
	.balign 64
handler_error:
	add $8, %rsp
	push %rax
	mov $0x1122334455667788, %rax
	incq (%rax)
	mov 0x800(%rax), %rax
	add %rax, 8(%rsp)
	pop %rax
	iretq
	.balign 64

done:
	cli
	hlt
	jmp done

main:
