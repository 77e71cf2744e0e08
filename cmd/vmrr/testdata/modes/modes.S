/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A kernel that goes through the modes of the processor, for gdb: from 64-bit code to
 * 32-bit, 16-bit and real mode, and back to 64-bit code high up. Then it powers off.
 * It is entered in long mode as ticker.S is, whose linker script it has.
 */
#define PM1_CNT	0x604		/* ACPI 6.5, 4.8.3.2.1 */
#define S5	(5 << 10 | 1 << 13)
#define REAL	0x20000		/* where the real-mode code is copied to */
	.code64
	.text
	.globl _start, wide, protected, real, again, done, beyond
_start:
	cli
	mov $real, %esi
	mov $REAL, %edi
	mov $real_end - real, %ecx
	rep movsb
	mov %cr3, %rbx
	mov $0xffffffff81000000, %r15
	lgdt gdtr
	mov $0x9000, %esp
wide:	push $0x08
	push $protected
	lretq

	.code32
protected:
	mov $0x10, %eax
	mov %eax, %ds
	mov %eax, %ss
	mov $0x9000, %esp
	mov %cr0, %eax
	and $0x7fffffff, %eax		/* no paging, and so no long mode */
	mov %eax, %cr0
	mov $0xc0000080, %ecx
	rdmsr
	and $~0x100, %eax
	wrmsr
	ljmp $0x18, $0

	.code16
real:	mov %cr0, %eax			/* 16-bit protected mode, base REAL */
	and $0xfe, %al
	mov %eax, %cr0
	ljmp $REAL >> 4, $in_real - real
in_real:
	mov $0x1234, %ax
	nop
	mov %ax, %cx
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $0x08, $again
real_end:

	.code32
again:	mov $0xc0000080, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	ljmp $0x20, $done

	.code64
done:	mov (%rbx), %rax		/* the first GB is at the kernel's addresses too */
	mov %rax, 0xff8(%rbx)
	mov (%rbx), %rdi
	and $~0xfff, %rdi
	mov (%rdi), %rax
	mov %rax, 0xff0(%rdi)
	mov %rbx, %cr3
	mov $beyond, %rax
	jmp *%rax
	.balign 8
gdt:	.quad 0
	.quad 0x00cf9b000000ffff	/* 0x08 32-bit code */
	.quad 0x00cf93000000ffff	/* 0x10 data */
	.quad 0x00009b020000ffff	/* 0x18 16-bit code, base REAL */
	.quad 0x00af9b000000ffff	/* 0x20 64-bit code */
gdtr:	.word 39
	.quad gdt

	.section .high, "ax"
beyond:	nop
	nop
	mov $PM1_CNT, %edx
	mov $S5, %eax
	out %ax, (%dx)
	jmp .
