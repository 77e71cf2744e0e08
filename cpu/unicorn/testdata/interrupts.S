/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* When an interrupt on INTR is taken. Port 0x10 raises the vector written to it;
 * a load from IRQ_SS is one too, of a selector that fits SS. */
#define IRQ_SS (MMIO + 0xf00)
	mov $0x30, %eax
	out %al, $0x10			/* pending, but IF is 0 */
	nop
	nop
	sti
	nop				/* in the shadow of STI */
after_sti: nop
	mov $0x31, %eax
	out %al, $0x10			/* IF is 1: taken at once */
after_out: nop
	cli
	mov $0x32, %eax
	out %al, $0x10
	sti				/* a window that STI's shadow closes */
	cli
	nop
	pushf
	orl $0x200, (%rsp)
	popf				/* no shadow */
after_popf: nop
	cli
	mov $0x33, %eax
	out %al, $0x10
	pushf
	andl $~0x200, (%rsp)
	popf				/* stays off */
	sti
	sti				/* this one is in the shadow of the first */
after_two: nop
	mov $IRQ_SS, %ebx
	mov (%rbx), %ss			/* raises 0x34; no interrupt behind MOV SS */
	mov $0x80000, %esp
after_ss: nop
	/* two in a row: the second waits for the handler, which runs with IF = 0 */
	HOOK 0x35, another
	mov $0x35, %eax
	out %al, $0x10
after_nested: nop
	/* IRETQ with IF = 1 in the frame */
	cli
	mov $0x37, %eax
	out %al, $0x10
	mov %rsp, %rcx
	push $0x18
	push %rcx
	push $0x202
	push $0x10
	push $after_iret
	iretq
after_iret: nop
	/* with an instruction that faults: the fault wins, the interrupt is taken
	 * when its handler has returned */
	cli
	SKIP 6, 2
	mov $0x38, %eax
	out %al, $0x10
	sti
faults: ud2
after_ud: nop
	/* between iterations of REP, RIP at the REP */
	mov $bytes, %esi
	mov $0x10, %edx
	mov $3, %ecx
rep_outs: rep outsb
after_rep: nop
	jmp done
another:
	mov $0x36, %eax
	out %al, $0x10
	ret
bytes:	.byte 0x39, 0x3a, 0x3b
