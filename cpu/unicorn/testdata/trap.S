/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* The trap flag: #DB behind each instruction. */
	pushf
	orl $0x100, (%rsp)
	popf				/* no trap behind the POPF that sets it */
	nop
t1:	inc %eax
t2:	int $0x80			/* its handler runs without TF; no trap behind INT itself */
t3:	mov $2, %ecx
t4:	mov $DATA, %edi
t5:	rep stosb			/* a trap an iteration */
t6:	mov %ss, %edx
t7:	mov %edx, %ss
t8:	nop
t9:	jmp t9b
	nop
t9b:	call t9c
t10:	jmp t9d
t9c:	ret
t9d:	HOOK 14, mend
t10b:	movq $0, PTE(0xd0000)
t11:	incq 0xd0000			/* faults, then runs, then traps */
t12:	cpuid
t12b:	mov $MMIO, %ebx
t12c:	incl (%rbx)
t13:	in $0x61, %al
t13b:	out %al, $0x61
t13c:	rdtsc
t13d:	mov $0x30, %eax
t13e:	out %al, $0x10			/* an interrupt becomes pending */
t13f:	sti				/* its shadow holds off the interrupt, not the trap */
t13g:	nop				/* the trap's handler has ended the shadow */
t13h:	nop
t14:	cli
t14b:	pushf
t14c:	andl $~0x100, (%rsp)
t14d:	popf				/* TF was set when it began: the last trap is behind it */
t15:	nop
	nop
	jmp done
mend:	movq $0xd0007, PTE(0xd0000)
	ret
