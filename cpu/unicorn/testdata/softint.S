/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* INT n, INT3 and what goes wrong in their delivery: the fault is that of the
 * INT itself, which counts once, when it succeeds. */
	mov $1, %eax
	int3
after_int3: inc %eax
	int $0x80
after_int80: inc %eax
	.byte 0xcd, 3
after_int_3: inc %eax

	/* the gate is not present: #NP(vector * 8 + IDT) */
	HOOK 11, present
	andb $0x7f, IDT + 0x82 * 16 + 5
absent:	int $0x82
after_absent: inc %eax

	/* beyond the limit of the IDT */
	SKIP 13, 2
	lidt short_idt
beyond:	int $0x90
	lidt idtr

	/* in user mode, a gate of the kernel's: #GP(vector * 8 + IDT) */
	USERMODE user
user:	inc %eax
forbidden: int $0x20
	inc %eax
	int $0x81			/* DPL 3 */
after_user81: inc %eax
	int3
after_user3: inc %eax
	SKIP 13, 1
privileged: hlt
privileged2: cli
	inc %eax
	/* ports: by the bitmap in the TSS, which lets 0x61 through, or by IOPL */
	SKIP 13, 2
in_61:	in $0x61, %al
in_60:	in $0x60, %al				/* #GP */
	mov $0x61, %edx
in_61w:	in %dx, %ax				/* 0x62 too: #GP */
	pushf
	orl $0x3000, (%rsp)
	popf					/* does not change IOPL in user mode */
out_60:	out %al, $0x60				/* #GP */
	SKIP 13, 1
	mov $DATA, %edi
	mov $0x60, %edx
ins_60:	insb					/* #GP */
	HOOK 0x86, iopl3
	int $0x86
after_iopl: out %al, $0x60
	SKIP 13, 2

	/* the stack for ring 0 is not there: #PF, on its own stack, CR2 says where */
	HOOK 14, mend
	movq $0, PTE(0x77000)
	inc %eax
nostack: int $0x83
after_nostack: inc %eax
	movq $0, HOOKS + 8 * 0x84
	HOOK 0x84, to_kernel
	int $0x84			/* comes back in ring 0 */
kernel:	mov $0x80000, %esp
	/* a stack that is not there in ring 0, where RSP stays */
	movq $0, PTE(0xd0000)
	mov $0xd1000, %esp
nostack0: int $0x85
after_nostack0: mov $0x80000, %esp

	/* two contributory faults make a double fault: #GP, whose gate is absent */
	movb $0x0e, IDT + 13 * 16 + 5
	SKIP 8, 3
	mov $0x800000000000, %rbx
double:	mov (%rbx), %rcx
	inc %eax
	jmp done

present: orb $0x80, IDT + 0x82 * 16 + 5
	ret
mend:	mov %cr2, %rax
	mov %rax, %rcx
	and $~0xfff, %rcx
	shr $12, %rax
	or $7, %rcx
	mov %rcx, PT(,%rax,8)
	ret
iopl3:	orl $0x3000, 16(%rdi)
	ret
to_kernel: movq $0x10, 8(%rdi)
	movq $0x18, 32(%rdi)
	ret
short_idt: .word 0x90 * 16 - 1
	.quad IDT
