/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.S"
/* Every way to get at a quadword at WATCHED. The instructions under labels that
 * begin with load_ read it, those under store_ write it, under both_ do both and
 * under none_ do neither; what changes it, the test sees for itself. */
#define WATCHED (DATA + 0x1ff8)		/* the last of a page */
	mov $WATCHED, %ebx
	mov $0x1122334455667788, %rax
store_new: mov %rax, (%rbx)
store_same: mov %rax, (%rbx)
load_quad: mov (%rbx), %rcx
load_byte: movzbl 7(%rbx), %ecx
none_before: mov -8(%rbx), %rcx
none_behind: mov 8(%rbx), %rcx
store_before: mov %rax, -7(%rbx)	/* unaligned, its last byte */
store_over: mov %rax, 5(%rbx)		/* over the page's end */
none_store: mov %rax, -8(%rbx)
both_add: add %rax, (%rbx)
both_lock: lock incq (%rbx)
both_xchg: xchg %rax, (%rbx)
	mov $5, %eax
both_cmpxchg: lock cmpxchg %rdx, (%rbx)
load_cmp: cmp %rax, (%rbx)
	/* the stack */
	lea 8(%rbx), %rsp
store_push: push %rax
load_pop: pop %rcx
store_call: call 1f
after_call: jmp 2f
1:
load_ret: ret
2:	mov $0x80000, %esp
	/* a string over it: the count is of the iteration */
	lea -16(%rbx), %edi
	mov $5, %ecx
	mov $0x99, %eax
store_stos: rep stosq
	lea -16(%rbx), %esi
	mov $DATA, %edi
	mov $5, %ecx
load_movs: rep movsq
	/* an access before a fault counts when the instruction succeeds */
	movl $0x60, PTE(DATA + 0x4000)	/* not present */
	invlpg DATA + 0x4000
	HOOK 14, map
	mov $WATCHED, %esi
	mov $(DATA + 0x4000), %edi
load_faults: movsq
	/* through another address: only the physical watchpoint sees it */
	mov PTE(DATA + 0x1000), %rax
	mov %rax, PTE(DATA + 0x5000)
	invlpg DATA + 0x5000
physical_store_: movq $77, DATA + 0x5ff8
physical_load_: mov DATA + 0x5ff8, %rax
	/* often */
	mov $1000, %ecx
3:
store_loop: mov %rcx, (%rbx)
	dec %ecx
	jnz 3b
	/* interrupts push over it */
	lea 24(%rbx), %rsp
store_int3: int3
	jmp done

map:	orl $(DATA + 0x4000 + 7), PTE(DATA + 0x4000)
	invlpg DATA + 0x4000
	ret
