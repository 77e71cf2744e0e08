/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Time, MSRs, CPUID and control registers. KEEP logs RAX at R12. */
	.macro KEEP
	mov %rax, (%r12)
	add $8, %r12
	.endm
	.macro KEEP64
	shl $32, %rdx
	or %rdx, %rax
	KEEP
	.endm
	mov $DATA, %r12d
	nop
	rdtsc					/* 8 instructions, itself included */
	KEEP64
	WRMSR_ 0xc0000103, 0, 0x77
	rdtscp
	mov %ecx, %r13d
	KEEP64					/* 1: 8 + 4 + 4 + 1 */
	mov %r13, %rax
	KEEP					/* 2: TSC_AUX */
	WRMSR_ 0x10, 1, 0			/* TSC */
	rdtsc
	KEEP64					/* 3: 2^32 + 1 */
	mov $0x10, %ecx
	rdmsr
	KEEP64					/* 4 */

	/* MSRs */
	SKIP 13, 2
	mov $0x12345, %ecx
g1:	rdmsr					/* #GP */
g2:	wrmsr					/* #GP */
	mov $0x1b, %ecx
	rdmsr					/* the board's */
	KEEP64					/* 5: the count */
	wrmsr
	WRMSR_ 0xc0000082, 0xffffffff, 0x80000000
	rdmsr
	KEEP64					/* 6 */
	WRMSR_ 0xc0000081, 0x00200010, 0x00001234
	mov $0x8000, %edx
g3:	wrmsr					/* STAR takes any value: no fault */
	mov $0xc0000102, %ecx
g4:	wrmsr					/* not canonical: #GP */
	mov $0x277, %ecx
	mov $0x01010101, %edx
	mov $0x02010101, %eax
g5:	wrmsr					/* PAT: 2 is reserved */
	mov $0xc0000080, %ecx
	rdmsr
	bts $1, %eax
g6:	wrmsr					/* EFER: reserved */
	btr $1, %eax
	btr $8, %eax
g7:	wrmsr					/* EFER.LME under paging */
	mov $0xfe, %ecx
	rdmsr
	KEEP64					/* 7: MTRRCAP */
	WRMSR_ 0x2ff, 0, 0xc06
	rdmsr
	KEEP64					/* 8 */
	xor %ecx, %ecx
g8:	rdpmc					/* no counter */
	nop

	/* CPUID */
	xor %eax, %eax
	cpuid
	KEEP					/* 9 */
	mov %ebx, %eax
	KEEP					/* 10: "Auth" */
	mov $0x80000008, %eax
	cpuid
	KEEP					/* 11 */
	mov $0x1234, %eax
	cpuid					/* beyond: as leaf 7 */
	KEEP					/* 12 */

	/* CR8 */
	SKIP 13, 4
	mov $5, %eax
	mov %rax, %cr8
	mov %cr8, %rax
	KEEP					/* 13 */
	mov $16, %eax
g9:	mov %rax, %cr8

	/* control registers */
	SKIP 13, 3
	mov %cr4, %rbx
	mov %rbx, %rax
	bts $13, %rax				/* VMXE: not offered */
g10:	mov %rax, %cr4
	mov %rbx, %rax
	btr $5, %rax				/* PAE in long mode */
g11:	mov %rax, %cr4
	mov %cr0, %rbx
	mov %rbx, %rax
	btr $0, %rax				/* PG without PE */
g12:	mov %rax, %cr0
	mov %rbx, %rax
	btr $31, %rax				/* no paging in 64-bit mode */
g13:	mov %rax, %cr0
	mov %rbx, %rax
	bts $29, %rax				/* NW without CD */
g14:	mov %rax, %cr0
	mov %rbx, %rax
	bts $40, %rax
g15:	mov %rax, %cr0
	mov %cr0, %rax
	KEEP					/* 14 */

	/* CR4.TSD, in user mode only */
	mov %cr4, %rax
	bts $2, %rax
	mov %rax, %cr4
	rdtsc
	SKIP 13, 2
	USERMODE user
user:	nop
g16:	rdtsc
	nop
	SKIP 13, 3
g17:	rdtscp
	SKIP 13, 2
g18:	rdmsr
	HOOK 13, kernel
	SKIP 13, 3
g19:	mov %cr0, %rax
	mov $0x80000, %esp
	/* INVLPG, WBINVD, CLFLUSH, PAUSE, PREFETCH and fences change nothing */
	invlpg DATA
	wbinvd
	clflush DATA
	pause
	nop
	pause
	prefetcht0 (%rbp)
	mfence
	lfence
	sfence
	smsw %ax
	KEEP					/* 15 */
	jmp done
kernel:	movq $0x10, 8(%rdi)
	movq $0x18, 32(%rdi)
	ret
