/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Non-maskable interrupts. Port 0x11 latches one, port 0x10 raises INTR; a load
 * from NMI_SS latches one and reads a selector that fits SS. */
#define NMI_SS (MMIO + 0xf08)
	out %al, $0x11			/* whatever IF is */
after_out: nop
	mov $NMI_SS, %ebx
	mov (%rbx), %ss			/* not in the shadow of MOV SS */
	nop
after_ss: nop
	/* in its handler a second one waits for IRET, a third is lost */
	HOOK 2, again
	out %al, $0x11
after_again: nop
	movq $0, HOOKS + 16
	/* both pending: the NMI first, and its handler runs with IF = 0 */
	HOOK 0x41, both
	sti
	nop
	mov $0x41, %eax
	out %al, $0x10
after_both: nop
	cli
	/* in STI's shadow */
	mov $MMIO + 0xf08, %ebx
	sti
	mov (%rbx), %eax		/* latches; the shadow ends with it */
after_sti: nop
	cli
	/* an NMI handler that IRETs early: the next one is let in */
	HOOK 2, early
	out %al, $0x11
after_early: nop
	jmp done
again:	cmpq $3, COUNTS + 16
	jne 1f
	out %al, $0x11
	out %al, $0x11
1:	ret
both:	out %al, $0x11
in_both: mov $0x42, %eax
	out %al, $0x10
	ret
early:	movq $0, HOOKS + 16
	mov %rsp, %rcx
	push $0x18
	push %rcx
	push $2
	push $0x10
	push $1f
	iretq
1:	out %al, $0x11			/* taken inside the handler */
in_handler: nop
	ret
