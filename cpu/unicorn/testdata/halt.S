/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* HLT: the test raises vector 0x50 when the CPU halts with interrupts on, and an
 * NMI when RBX is 1. */
	sti
	hlt				/* in the shadow of STI: it halts all the same */
woken:	nop
	hlt
woken2:	inc %rcx
	cli
	mov $0x51, %eax
	out %al, $0x10			/* pending before: HLT is left at once */
	sti
	hlt
woken3:	nop
	cli
	mov $1, %ebx
	hlt				/* interrupts off: only an NMI wakes it */
woken_nmi: xor %ebx, %ebx
	jmp done
