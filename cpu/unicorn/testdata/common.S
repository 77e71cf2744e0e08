/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What every micro-guest starts with. The test puts the CPU at _start in 64-bit
 * mode with paging on, the first 1 GiB mapped to itself for kernel and user by
 * tables that lie at 0x1000 (the first 2 MiB by 4 KiB pages, the rest by 2 MiB
 * pages), all segments flat, RSP = 0x80000, interrupts off. RAM is 2 MiB, all
 * above it is the board's. Here are a GDT with every kind of segment, a TSS, a
 * handler for every vector that keeps a record of its frame, and the end: HLT
 * with interrupts off. A guest gives the label main and jumps to done.
 */
#define PML4	0x1000
#define PDPT	0x2000
#define PD	0x3000
#define PT	0x4000
#define PTE(a)	(PT + (a) / 4096 * 8)	/* the entry of an address below 2 MiB */
#define HOOKS	0x5000	/* a quadword a vector: called by its handler if not 0 */
#define SKIPS	0x5800	/* a quadword a vector: added to RIP on return */
#define COUNTS	0x6000	/* a quadword a vector: how often it came */
#define RECORDS	0x6800	/* how many records there are */
#define IDT	0x7000
#define RECORD	0xa0000	/* the records, 64 bytes each */
#define DATA	0xc0000	/* free for the guest from here on */
#define MMIO	0x10000000

#define CODE64	0x10
#define DATA0	0x18
#define USER32	0x23
#define USERD	0x2b
#define USER64	0x33
#define CODE32	0x40
#define CODE16	0x48

/* After a fault the next instruction is n bytes on. */
	.macro SKIP vector, n
	movq $\n, SKIPS + 8 * (\vector)
	.endm
/* hook is called by the handler with RDI = the frame (RIP, CS, RFLAGS, RSP, SS);
 * it may change RAX, RCX and RDX. */
	.macro HOOK vector, hook
	movq $\hook, HOOKS + 8 * (\vector)
	.endm
/* Goes to label in user mode. */
	.macro USERMODE label
	push $USERD
	push $0x90000
	push $2
	push $USER64
	push $\label
	iretq
	.endm
	.macro WRMSR_ index, high, low
	mov $\index, %ecx
	mov $\high, %edx
	mov $\low, %eax
	wrmsr
	.endm

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
	.quad 0x00cff3000000ffff	/* 0x38 user data again, where SYSEXIT wants it */
	.quad 0x00cf9b000000ffff	/* 0x40 kernel code, 32-bit */
	.quad 0x00009b000000ffff	/* 0x48 kernel code, 16-bit */
	.quad 0
	.word tss_end - tss - 1, tss - _start, 0x8901, 0	/* 0x58 TSS; _start is at 0x10000 */
	.quad 0
gdt_end:
gdtr:	.word gdt_end - gdt - 1
	.quad gdt
idtr:	.word 256 * 16 - 1
	.quad IDT

	.balign 16
tss:	.long 0
	.quad 0x78000			/* RSP0 */
	.fill 16, 1, 0
	.quad 0
	.quad 0x74000			/* IST1 */
	.fill 0x3a, 1, 0
	.word 0x68			/* the bitmap of ports: 0x61 is user mode's */
	.fill 12, 1, 0xff
	.byte 0xfd, 0xff
tss_end:

/* Every vector's stub, made by the test, pushes 0 if the CPU pushes no error
 * code, then the vector, and jumps here. */
	.balign 16
handler:
	push %rax
	push %rcx
	push %rdx
	push %rdi
	mov RECORDS, %edi
	shl $6, %edi
	add $RECORD, %edi
	rdtsc
	shl $32, %rdx
	or %rdx, %rax
	mov %rax, 56(%rdi)
	mov 32(%rsp), %rcx		/* vector */
	mov %rcx, (%rdi)
	mov 40(%rsp), %rax		/* error code */
	mov %rax, 8(%rdi)
	mov 48(%rsp), %rax		/* RIP */
	mov %rax, 16(%rdi)
	mov 56(%rsp), %rax		/* CS */
	mov %rax, 24(%rdi)
	mov 64(%rsp), %rax		/* RFLAGS */
	mov %rax, 32(%rdi)
	mov 72(%rsp), %rax		/* RSP */
	mov %rax, 40(%rdi)
	mov %cr2, %rax
	mov %rax, 48(%rdi)
	incq RECORDS
	incq COUNTS(,%rcx,8)
	mov SKIPS(,%rcx,8), %rax
	add %rax, 48(%rsp)
	mov HOOKS(,%rcx,8), %rax
	lea 48(%rsp), %rdi
	test %rax, %rax
	jz 1f
	call *%rax
1:	pop %rdi
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	iretq

	.globl done
done:
	cli
	hlt
	jmp done

	.globl main
main:
