/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the reset vector through every mode: real, protected without paging,
 * 32-bit paging with 4 MiB pages, PAE, compatibility and 64-bit mode, and back to
 * real mode. The last 64 KiB of RAM are also at the top of 4 GiB. The test puts a
 * far jump to here at the reset vector. EBP points at a log.
 */
#define LOG	0xc0000
#define COUNTS	0x6000
	.code16
	.text
	.globl _start
_start:
	cli
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x8000, %sp
	/* real mode: the vectors are at 0; 0x21 and #UD (6) */
	movw $real_handler - _start, 0x21 * 4
	movw $0x1000, 0x21 * 4 + 2
	movw $real_ud - _start, 6 * 4
	movw $0x1000, 6 * 4 + 2
	movw $real_irq - _start, 0x33 * 4
	movw $0x1000, 0x33 * 4 + 2
	mov $LOG >> 4, %ax
	mov %ax, %es
	int $0x21
real1:	ud2
	mov $0x33, %al
	out %al, $0x10
	sti
	nop
	nop
	cli
	/* 20-bit wrap does not happen with A20 on */
	mov $0xffff, %ax
	mov %ax, %fs
	movb $0x5a, %fs:0x20
	/* big real mode */
	lgdtl %cs:gdtr - _start
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $0x08, $protected

real_handler:
	movw $0x2121, %es:0
	iret
real_irq:
	incw %es:2
	iret
real_ud:
	push %bp
	mov %sp, %bp
	addw $2, 2(%bp)
	incw %es:4
	pop %bp
	iret

	.code32
protected:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $0x80000, %esp
	lidt idtr32
	mov $LOG + 16, %ebp
	mov %cr0, %eax
	mov %eax, (%ebp)
	ud2
	int $0x30
	/* segments: one that is not present */
	mov $0x18, %eax
	mov %eax, %fs
	mov %fs:0, %eax
	mov %fs:0xffc, %eax			/* the library checks no limits, so up to it only */
	mov $0x20, %eax
not_present: mov %eax, %gs			/* #NP(0x20) */

	/* SYSCALL outside long mode: CS from STAR, EIP from its low half */
	mov $0xc0000080, %ecx
	xor %edx, %edx
	mov $1, %eax
	wrmsr
	mov $0xc0000081, %ecx
	mov $0x00000008, %edx
	mov $legacy, %eax
	wrmsr
	mov $0x1234, %ecx
	syscall
after_legacy: hlt
legacy:	mov %ecx, 4(%ebp)			/* = after_legacy */
	mov %cs, %eax
	mov %eax, 8(%ebp)
	mov $0x10, %eax
	mov %eax, %ss

	/* 32-bit paging, 4 MiB page 0 and a table for 4..8 MiB */
	movl $0x00000083, 0x1000
	movl $0x00002003, 0x1004
	movl $0x000d0003, 0x2000
	movl $0x000d1002, 0x2004		/* not present */
	movl $0x00600083, 0x1008		/* reserved bit 21: 4 MiB alignment */
	movl $0x12345678, 0xd0000
	movl $0x9abcdef0, 0xd1000
	mov %cr4, %eax
	or $0x10, %eax
	mov %eax, %cr4
	mov $0x1000, %eax
	mov %eax, %cr3
	mov %cr0, %eax
	or $0x80010000, %eax
	mov %eax, %cr0
	jmp 1f
1:	mov 0x400000, %eax
	mov %eax, 12(%ebp)
	mov 0x401000, %eax			/* #PF: the handler sets the P bit */
	mov %eax, 16(%ebp)
	mov %eax, 0x401004
	mov 0x1000, %eax			/* the entries: A and D where used */
	mov %eax, 20(%ebp)
	mov 0x1004, %eax
	mov %eax, 24(%ebp)
	mov 0x2000, %eax
	mov %eax, 28(%ebp)
	mov 0x2004, %eax
	mov %eax, 32(%ebp)
	andl $~0x20, 0x2000
	mov 0x400000, %eax
	mov 0x2000, %eax
	mov %eax, 36(%ebp)
rsvd32:	mov 0x800000, %eax			/* #PF(9), the handler skips 5 */

	/* PAE: off and on again, through an identity map */
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	movl $0x4001, 0x3000			/* PDPT, 4 entries */
	movl $0, 0x3004
	movl $0x83, 0x4000			/* 2 MiB */
	movl $0, 0x4004
	movl $0x5003, 0x4008
	movl $0, 0x400c
	movl $0xd0003, 0x5000
	movl $0, 0x5004
	movl $0xd1002, 0x5008
	movl $0, 0x500c
	mov %cr4, %eax
	or $0x20, %eax
	mov %eax, %cr4
	mov $0x3000, %eax
	mov %eax, %cr3
	movl $0x5008, fix + 2			/* which entry the handler mends */
	mov %cr0, %eax
	or $0x80010000, %eax
	mov %eax, %cr0
	mov 0x200000, %eax
	mov %eax, 40(%ebp)
	mov 0x201000, %eax			/* #PF */
	mov %eax, 44(%ebp)
	mov 0x4000, %eax
	mov %eax, 48(%ebp)
	mov 0x5000, %eax
	mov %eax, 52(%ebp)
	mov 0x3000, %eax			/* a PDPTE has no A bit */
	mov %eax, 56(%ebp)

	/* long mode, by compatibility mode */
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	movl $0x3003, 0x9000			/* PML4 -> the PDPT, whose entry is too little */
	movl $0, 0x9004
	movl $0x4003, 0x3000
	mov $0x9000, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0				/* EFER.LMA is set; CS is still 32-bit */
	rdmsr
	mov %eax, 60(%ebp)
	mov 0x200000, %eax
	mov %eax, 64(%ebp)
	ljmp $0x28, $long

	.code64
long:	mov $0x8000000000000000, %rax
	shr $63, %rax
	mov %eax, 68(%rbp)
	mov 0x3000, %eax			/* now it has one */
	mov %eax, 72(%rbp)
	push $0x08
	push $compat
	lretq

	/* and all the way back */
	.code32
compat:	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	mov %eax, 76(%ebp)			/* LMA is off */
	and $~0x100, %eax
	wrmsr
	mov $0x38, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	ljmp $0x30, $to_real - _start
	.code16
to_real:
	lidtl %cs:idtr16 - _start
	mov %cr0, %eax
	and $0xfe, %al
	mov %eax, %cr0
	ljmp $0x1000, $real_again - _start
real_again:
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %ss
	mov $0x8000, %sp
	mov $LOG >> 4, %ax
	mov %ax, %es
	movw $0, %es:0
	int $0x21
	hlt

	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 0x08 code, base 0 */
	.quad 0x00cf93000000ffff	/* 0x10 data */
	.quad 0x0040930000000fff	/* 0x18 data, limit 0xfff */
	.quad 0x00cf13000000ffff	/* 0x20 not present */
	.quad 0x00af9b000000ffff	/* 0x28 64-bit code */
	.quad 0x00009b010000ffff	/* 0x30 16-bit code, base 0x10000 */
	.quad 0x000093000000ffff	/* 0x38 16-bit data */
gdtr:	.word 63
	.long gdt
	.balign 8
idtr32:	.word 0x31 * 8 - 1
	.long idt
idtr16:	.word 0x3ff
	.long 0
	.balign 8
	.macro GATE label
	.word \label - _start, 0x08, 0x8e00, 1
	.endm
idt:	.rept 6
	GATE other
	.endr
	GATE ud32
	.rept 4
	GATE other
	.endr
	GATE np32			/* 11 */
	GATE other
	GATE other
	GATE pf32			/* 14 */
	.rept 0x30 - 15
	GATE other
	.endr
	GATE int30
	.code32
other:	hlt
ud32:	addl $2, (%esp)
	incl COUNTS + 6 * 4
	iret
int30:	incl COUNTS + 0x30 * 4
	iret
np32:	incl COUNTS + 11 * 4
	pop COUNTS + 0x104
	addl $2, (%esp)
	iret
pf32:	incl COUNTS + 14 * 4
	pop COUNTS + 0x108
	push %eax
	mov %cr2, %eax
	mov %eax, COUNTS + 0x10c
	testb $8, COUNTS + 0x108
	jnz 1f
fix:	orb $1, 0x2004
	pop %eax
	iret
1:	addl $5, 4(%esp)
	movl $9, COUNTS + 0x110
	pop %eax
	iret
	.globl handler
handler: hlt
