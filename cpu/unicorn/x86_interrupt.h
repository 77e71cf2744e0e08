/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exceptions and interrupts: when they are delivered and what they count.
 */

#define RFLAGS_IF (1ull << 9)
#define VECTOR_DB 1

extern void T(x86_cpu_do_interrupt)(void *cpu);
extern void T(do_interrupt_x86_hardirq)(void *env, int vector, int is_hw);

ORIGINAL(bool, x86_cpu_exec_interrupt, void *, int)
ORIGINAL(void, helper_raise_interrupt, void *, int, int)
ORIGINAL(void, helper_raise_exception, void *, int)
ORIGINAL(void, raise_interrupt, void *, int, int, int, int)
ORIGINAL(void, raise_exception_err, void *, int, int)
ORIGINAL(void, helper_into, void *, int)
extern uint32_t T(cpu_cc_compute_all)(void *env, int op);
extern bool T(cpu_restore_state)(void *cpu, uintptr_t ra, bool will_exit);

static bool x86_interruptible(struct vmrr_engine *e, bool nmi)
{
	struct x86_env *env = e->env;
	if (env->hflags & HF_INHIBIT_IRQ)
		return false;
	return nmi ? !(env->hflags2 & HF2_NMI) : !!(env->eflags & RFLAGS_IF);
}

/* The main loop asks before each block while interrupt_request is set. At the
 * limit nothing is delivered: the state at N is the one before any interrupt. */
bool T(x86_cpu_exec_interrupt)(struct qemu_cpu *cpu, int request)
{
	struct vmrr_engine *e = cpu->engine;
	if (!e)
		return real_x86_cpu_exec_interrupt(cpu, request);
	struct x86_env *env = e->env;
	int vector;
	if (cpu->budget <= 0)
		return false;
	if (e->nmi && x86_interruptible(e, true)) {
		vmrr_set_nmi(e, false);
		env->hflags2 |= HF2_NMI;
		vector = 2;
	} else if (e->intr && x86_interruptible(e, false)) {
		vector = vmrrAckInterrupt(e->config.token);
	} else {
		/* The instruction in the shadow may leave its block by a jump that goes on
		 * to the next without asking again: RET behind STI. */
		if (env->hflags & HF_INHIBIT_IRQ)
			engine_pause(e, engine_icount(e) + 1);
		return false;
	}
	e->stats.interrupts++;
	e->delivered = engine_icount(e) + 1;
	/* Whatever was asked of the next block was asked for another address. */
	cpu->cflags_next_tb = -1;
	T(do_interrupt_x86_hardirq)(env, vector, 1);
	return true;
}

/* INT n and INT3 retire when their delivery succeeds. The library moves EIP
 * past the instruction before delivering; if the delivery faults, the fault
 * must be that of the INT itself, not yet retired. */
static void remember_int(void *env)
{
	struct vmrr_engine *e = x86_cpu(env)->engine;
	if (e)
		e->int_pc = ((struct x86_env *)env)->eip;
}

void T(helper_raise_interrupt)(void *env, int vector, int length)
{
	remember_int(env);
	real_helper_raise_interrupt(env, vector, length);
}

void T(raise_interrupt)(void *env, int vector, int is_int, int error, int length)
{
	if (is_int)
		remember_int(env);
	real_raise_interrupt(env, vector, is_int, error, length);
}

/* What the translator itself sees to fault (#UD, #NM, most #GP) ends its block
 * and is counted with it, but has not retired. */
void T(helper_raise_exception)(void *env, int vector)
{
	struct qemu_cpu *cpu = x86_cpu(env);
	if (cpu->engine)
		cpu->budget++;
	real_helper_raise_exception(env, vector);
}

/* A fault over an IDT entry names it by its vector, SDM vol. 3, 6.13; the library
 * gives the entry's offset in long mode. Bit 1 says IDT. */
void T(raise_exception_err)(void *env, int vector, int error)
{
	if (x86_cpu(env)->engine && (error & 2) && (((struct x86_env *)env)->hflags & HF_LMA))
		error = (error >> 4) * 8 + 2;
	real_raise_exception_err(env, vector, error);
}

/* INTO does not end its block, and its helper does not say where it is: give
 * back the rest of the block before it traps. */
void T(helper_into)(void *env, int length)
{
	struct qemu_cpu *cpu = x86_cpu(env);
	struct x86_env *x = env;
	if (cpu->engine && (T(cpu_cc_compute_all)(env, x->cc_op) & (1u << 11))) {
		T(cpu_restore_state)(cpu, (uintptr_t)__builtin_return_address(0), true);
		cpu->budget--; /* it retires, like INT n */
		T(raise_interrupt)(env, 4, 1, 0, length);
	}
	if (!cpu->engine)
		real_helper_into(env, length);
}

/* UC_HOOK_INTR: the main loop took an exception and leaves the delivery to us. */
static void x86_deliver(uc_engine *uc, uint32_t vector, void *user)
{
	struct vmrr_engine *e = user;
	struct x86_env *env = e->env;
	(void)uc;
	e->stats.exceptions++;
	T(unhide_breaks)(e);
	T(flush_pending)(e);
	if (e->int_in_flight) { /* the delivery of an INT n faulted: it did not retire */
		e->int_in_flight = false;
		e->cpu->budget++;
	}
	/* What a faulting instruction accessed it accesses again. */
	if (!e->pending[0].delivery && e->pending[0].hit.icount != engine_icount(e))
		e->pending_count = 0;
	/* A handler whose first instruction faults, on a stack that never runs
	 * out, takes exceptions for ever and retires nothing. */
	uint64_t now = engine_icount(e);
	if (e->stuck_icount != now) {
		e->stuck_icount = now;
		e->stuck_count = 0;
	} else if (++e->stuck_count > 1000000) {
		engine_fail(e, "the CPU takes exception %u at rip %#llx for ever without retiring an instruction",
			    vector, (unsigned long long)env->eip);
		engine_leave(e);
		return;
	}
	/* INT n and the trap of TF belong to the instruction that retired. */
	if (!env->exception_is_int && vector != VECTOR_DB)
		e->delivered = now + 1;
	e->delivers_retired = env->exception_is_int || (vector == VECTOR_DB && !e->break_fault);
	e->break_fault = false;
	if (env->exception_is_int) {
		env->eip = e->int_pc;
		e->int_in_flight = true;
	}
	T(x86_cpu_do_interrupt)(e->cpu);
	e->int_in_flight = e->delivers_retired = false;
}
