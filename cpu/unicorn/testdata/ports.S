/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Port accesses; the numbers are counts. */
	mov $0x3f8, %edx			/* 6 */
	in %dx, %al				/* 7 */
	mov %eax, %ebx				/* 8 */
	in $0x61, %ax				/* 9 */
	in %dx, %eax				/* 10 */
	nop					/* 11 */
	out %al, $0x80				/* 12 */
	out %ax, %dx				/* 13 */
	out %eax, %dx				/* 14 */
	mov $DATA, %edi				/* 15 */
	mov $3, %ecx				/* 16 */
	rep insw				/* 17, 18, 19, 20 */
	mov $DATA, %esi				/* 21 */
	mov $2, %ecx				/* 22 */
	rep outsl				/* 23, 24, 25 */
	insb					/* 26 */
	outsb					/* 27 */
	xor %ecx, %ecx				/* 28 */
	rep outsb				/* 29: no access */
	/* INS to a page that is not there must not read the port before the fault */
	HOOK 14, mend				/* 30 */
	movq $0, PTE(0xd0000)			/* 31 */
	mov $0xcfffe, %edi			/* 32 */
	mov $2, %ecx				/* 33 */
ins:	rep insw				/* 34; fault; 35, 36 */
	mov $MMIO, %esi				/* from device memory to a port */
	outsl
	/* and a store into the code that follows: INS over itself */
	mov $over, %edi
	insb
over:	nop
	jmp done
mend:	movq $0xd0007, PTE(0xd0000)
	ret
