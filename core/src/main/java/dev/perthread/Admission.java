package dev.perthread;

/** What the registry answers to a thread that asks for a slot: the slot, a place in the queue, or a refusal. */
sealed interface Admission<T> permits Slot, Waiter, Admission.Refusal {

    /** Why a thread got neither a slot nor a place in the queue. */
    enum Refusal implements Admission<Object> {
        /** The pool is closed. */
        CLOSED,
        /** The key has had nothing for a moment, and its entry is gone. */
        KEY_GONE,
        /** As many wait already as may wait. */
        QUEUE_FULL,
        /** It did not want to wait, and would have to. */
        MUST_WAIT;

        @SuppressWarnings("unchecked") // of no T at all
        <T> Admission<T> forAny() {
            return (Admission<T>) (Admission<?>) this;
        }
    }
}
