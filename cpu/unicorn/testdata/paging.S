/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* 4-level paging: accessed and dirty bits, rights and their changes. There is
 * not one INVLPG: the TLB must not show. LOOK keeps an entry in the log at R12. */
	.macro LOOK entry
	mov \entry, %rax
	mov %rax, (%r12)
	add $8, %r12
	.endm
	mov $DATA, %r12d
	/* accessed and dirty: set by the walk, and again when the guest cleared them */
	LOOK PTE(0xd0000)			/* 0: nothing yet */
	mov 0xd0000, %rbx
	LOOK PTE(0xd0000)			/* 1: A */
	mov %rbx, 0xd0000
	LOOK PTE(0xd0000)			/* 2: A D */
	andb $~0x20, PTE(0xd0000)
	mov 0xd0008, %rbx
	LOOK PTE(0xd0000)			/* 3: A D again */
	andb $~0x40, PTE(0xd0000)
	mov 0xd0008, %rbx
	LOOK PTE(0xd0000)			/* 4: A */
	mov %rbx, 0xd0008
	LOOK PTE(0xd0000)			/* 5: A D */
	lock andb $~0x60, PTE(0xd0000)
	LOOK PTE(0xd0000)			/* 6: nothing */
	incb 0xd0010
	LOOK PTE(0xd0000)			/* 7: A D */
	/* the levels above have no D */
	LOOK PD					/* 8 */
	andb $~0x20, PD				/* every page of the guest is below it */
	LOOK PD					/* 9: A, as the fetch goes through it too */
	andb $~0x20, PML4
	LOOK PML4				/* 10 */

	/* rights: taken and given to a live page */
	HOOK 14, mend
	movq $0xd1007, PTE(0xd1000)
	mov %rbx, 0xd1000
	andb $~2, PTE(0xd1000)
f1:	mov %rbx, 0xd1000			/* #PF(3) */
	mov %rbx, 0xd1008
	movq $0, PTE(0xd1000)
f2:	mov 0xd1000, %rbx			/* #PF(0) */
	mov 0xd1000, %rbx
	/* a page with W and U off above it */
	movq $0x9007, PD + 8			/* 0x200000 by a table at 0x9000 */
	movq $0xd2007, 0x9000
	movq $0x1234, 0xd2000
	mov 0x200000, %rbx
	LOOK 0x9000				/* 11: A */
	andb $~2, PD + 8
f3:	mov %rbx, 0x200008			/* #PF(3); the hook makes PD + 8 writable */
	LOOK 0x9000				/* 12: A D */
	/* another page behind the same address */
	movq $0xd3000 + 0x7, 0x9000
	movq $0x5678, 0xd3000
	LOOK 0x200000				/* 13: 0x5678 */
	movq $0xd2007, 0x9000
	LOOK 0x200000				/* 14: 0x1234 */
	/* two entries changed by one store */
	movq $0xd2007, 0x9008
	mov 0x200000, %rax
	mov 0x201000, %rax
	mov $0x07000000000000d3, %rax		/* the end of entry 0 and the start of entry 1 */
	mov %rax, 0x9001
	movq $0xd3007, 0x9000
	movq $0xd2007, 0x9008
	LOOK 0x200000				/* 15: 0x5678 */
	LOOK 0x201000				/* 16: 0x1234 */
	/* a large page, then a table in its place, then the large page again */
	movq $0x000087, PD + 16			/* RAM from 0 at 0x400000 */
	mov 0x400000 + 0xd2000, %rbx
	LOOK PD + 16				/* 17: A */
	movq $7, 0x4d0000
	LOOK PD + 16				/* 18: A D */
	movq $0x9007, PD + 16
	LOOK 0x400000				/* 19: 0x5678 */
	movq $0x000087, PD + 16
	LOOK 0x400000 + 0xd2000			/* 20: 0x1234 */
	/* REP STOS over live entries; the string goes through the direct map */
	mov $0x9000, %edi
	mov $0xd2007, %eax
	mov $4, %ecx
	rep stosq
	LOOK 0x202000				/* 21: 0x1234 */
	/* a table that maps itself */
	movq $PML4 + 3, PML4 + 8 * 511
	mov $0xfffffffffffff000, %rdx		/* PML4 through itself */
	LOOK (%rdx)				/* 22 */
	LOOK 4088(%rdx)			/* 23: A */
	andb $~0x20, 8 * 511(%rdx)		/* D: the page it maps has been written */
	LOOK 4088(%rdx)			/* 24: A D */
	/* NX set on a page that ran; its error code has I */
	movb $0xc3, 0xd4000
	mov $0xd4000, %edi
	call *%rdi
	btsq $63, PTE(0xd4000)
	call *%rdi				/* #PF(0x11) */
	call *%rdi
	/* reserved bits: 40 bits of address, SDM vol. 3, 4.4.2 */
	btsq $45, PTE(0xd4000)
f4:	mov 0xd4000, %rax			/* #PF(9) */
	btsq $40, PTE(0xd4000)
f5:	mov %rax, 0xd4000			/* #PF(0xb) */
	movq $0x2087, PD + 24			/* bit 13 of a 2 MiB page */
	HOOK 14, mend_pd
f6:	mov 0x600000, %rax			/* #PF(9) */
	HOOK 14, mend
	/* CR0.WP */
	andb $~2, PTE(0xd4000)
	mov %cr0, %rax
	and $~0x10000, %rax
	mov %rax, %cr0
	mov %rbx, 0xd4000			/* allowed */
	LOOK PTE(0xd4000)			/* 25: A D, not W */
	or $0x10000, %rax
	mov %cr0, %rax
	or $0x10000, %rax
	mov %rax, %cr0
f7:	mov %rbx, 0xd4000			/* #PF(3) */
	/* the page under the code that runs: the next instruction is on the new one */
	mov $move, %esi
	mov $0xd5000, %edi
	mov $64, %ecx
	rep movsb
	mov $0xd5000, %esi
	mov $0xd6000, %edi
	mov $4096, %ecx
	rep movsb
	movl $2, 0xd6000 + moved - move + 1
	mov $0xd5000, %eax
	call *%rax
	mov %rbx, (%r12)			/* 26: 2 */
	add $8, %r12
	/* user mode on a kernel page */
	movq $0xd7003, PTE(0xd7000)
	USERMODE user
user:	nop
f8:	mov 0xd7000, %rax			/* #PF(5) */
	andb $~4, PTE(0xd7000)
f9:	mov %rax, 0xd7000			/* #PF(7) */
	movb $0xc3, 0xd7000
	andb $~4, PTE(0xd7000)
	mov $0xd7000, %eax
	call *%rax				/* #PF(0x15) */
	SKIP 13, 1
	HOOK 13, kernel
f9b:	cli
	mov $0x80000, %esp
	/* EFER.NXE off: bit 63 is reserved */
	btsq $63, PTE(0xd8000)
	mov 0xd8000, %rax
	WRMSR_ 0xc0000080, 0, 0x501
f10:	mov 0xd8000, %rax			/* #PF(9) */
	jmp done

mend:	mov %cr2, %rax
	cmp $0x200000, %rax
	jae 1f
	mov %rax, %rcx
	and $~0xfff, %rcx
	shr $12, %rax
	or $7, %rcx
	mov %rcx, PT(,%rax,8)
	ret
1:	orb $2, PD + 8
	ret
mend_pd: movq $0x87, PD + 24
	ret
kernel:	movq $0x10, 8(%rdi)
	movq $0x18, 32(%rdi)
	ret
	.balign 64
move:	movq $0xd6007, PTE(0xd5000)
moved:	mov $1, %ebx
	ret
	.balign 64
