/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Ways into the kernel and between its modes. KEEP logs a register at R12; R12
 * keeps its value through compatibility mode. */
	.macro KEEP reg
	mov \reg, (%r12)
	add $8, %r12
	.endm
	mov $DATA, %r12d
	WRMSR_ 0xc0000081, 0x00200010, 0	/* STAR: SYSRET 0x20, SYSCALL 0x10 */
	WRMSR_ 0xc0000082, 0, entry64
	WRMSR_ 0xc0000083, 0, entry_compat
	WRMSR_ 0xc0000084, 0, 0x40200		/* clears IF and AC */
	SKIP 6, 2
	SKIP 5, 6
	WRMSR_ 0x174, 0, 0x10
	WRMSR_ 0x175, 0, 0x70000
	WRMSR_ 0x176, 0, entry_sysenter
	push $USERD
	push $0x90000
	push $0x40202
	push $USER64
	push $user64
	iretq
user64:	mov $1, %eax
	syscall					/* from 64-bit mode: LSTAR */
after_syscall: nop
	KEEP %rcx
	int3
at_int3: nop
in_64:	sysenter				/* #UD: an AMD has none in 64-bit mode */
	nop
	mov $3, %eax
	int $0x80				/* to the same ring 3 in 32-bit code */
	.code32
compat:	mov $4, %eax
	mov $0x55, %ecx
	syscall					/* from compatibility mode: CSTAR */
after_compat: nop
	mov $0xffffffff, %ecx
	inc %ecx
	jnz 1f
	into					/* OF is clear: nothing */
	mov $0x7fffffff, %ebx
	inc %ebx
	into					/* #OF */
after_into: nop
	bound %eax, bounds			/* inside */
	mov $100, %eax
bound_fault: bound %eax, bounds			/* #BR */
	push %ds
	pop %ds
	mov $5, %eax
	sysenter
after_sysenter32: nop
1:	ljmp $USER64, $back64
	.code64
back64:	mov $6, %eax
	syscall					/* stays in the kernel */
after_last:
	.balign 16
entry64: KEEP %rcx
	KEEP %r11
	pushf
	pop %rbx
	KEEP %rbx
	mov %cs, %ebx
	KEEP %rbx
	mov %ss, %ebx
	KEEP %rbx
	cmp $6, %eax
	je kernel
	sysretq
entry_sysenter:
	KEEP %rsp
	mov %cs, %ebx
	KEEP %rbx
	pushf
	pop %rbx
	KEEP %rbx
	push $USERD
	push $0x90000
	push $2
	push $USER32
	push $after_sysenter32
in_kernel: sysexitl				/* #UD too */
	iretq
entry_compat:
	KEEP %rcx
	KEEP %r11
	sysretl
kernel:	mov $0x80000, %esp
	/* far jumps inside ring 0: to 32-bit code and back, by memory and by RETF */
	ljmp *to32
	.code32
in32:	mov $0x11223344, %eax
	mov %esp, %ebx
	push %eax
	pop %ecx
	ljmp $CODE64, $in64
	.code64
in64:	KEEP %rax
	push $CODE32
	push $again32
	lretq
	.code32
again32: pushl $CODE64
	pushl $again64
	lret
	.code64
again64: KEEP %rsp
	/* 16-bit code */
	push $CODE16
	push $in16
	lretq
	.code16
in16:	mov $0x1234, %ax
	addr32 mov %eax, 0x91000
	ljmpl $CODE64, $from16
	.code64
from16:	KEEP %rax
	/* SYSCALL when EFER.SCE is off is #UD */
	WRMSR_ 0xc0000080, 0, 0xd00
no_sce:	syscall
	nop
	jmp done
	.balign 8
to32:	.long in32
	.word CODE32
bounds:	.long 0, 10
	/* int $0x80 lands in 32-bit code */
	.balign 8
	.globl to_compat
to_compat: movq $USER32, 8(%rdi)
	ret
