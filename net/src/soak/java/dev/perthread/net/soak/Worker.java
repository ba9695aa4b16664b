package dev.perthread.net.soak;

import dev.perthread.AcquireInterruptedException;
import dev.perthread.AcquireTimeoutException;
import dev.perthread.IdlePolicy;
import dev.perthread.ReentryException;
import dev.perthread.ReentryPolicy;
import dev.perthread.ResourceCloseException;
import dev.perthread.net.soak.Request.Manner;
import dev.perthread.net.soak.Request.WrongAnswer;
import dev.perthread.net.soak.Subject.Peer;
import dev.perthread.net.soak.Subject.Scope;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/** A thread of the campaign: uses holders at random for a while, then ends, sometimes inside a scope. */
final class Worker implements Runnable {
    private static final List<Manner> MANNERS = List.of(Manner.values());

    private final Soak soak;
    private final InvariantMonitor monitor;
    private final SplittableRandom random;
    private int depth;

    Worker(Soak soak, SplittableRandom random) {
        this.soak = soak;
        this.monitor = soak.monitor;
        this.random = random;
    }

    @Override
    public void run() {
        try {
            int life = random.nextInt(1, 150);
            for (int i = 0; i < life && !soak.stopping; i++) {
                use(soak.any(random));
                LockSupport.parkNanos(random.nextInt(4_000_000));
            }
            if (random.nextInt(4) == 0 && !soak.stopping) {
                Thread.interrupted();
                leak(soak.any(random));
            }
        } catch (OutOfMemoryError passing) {
            monitor.outOfMemory.incrementAndGet();
        } finally {
            monitor.deaths.put(Thread.currentThread().getId(), monitor.pauses.now());
        }
    }

    /** For warming up. */
    void once() {
        for (int i = 0; i < 20; i++) {
            use(soak.any(random));
        }
    }

    private void use(Subject subject) {
        if (Thread.interrupted()) {
            monitor.interrupts.incrementAndGet();
        }
        subject.users.incrementAndGet();
        try {
            int kind = random.nextInt(100);
            if (kind < 55) {
                scope(subject);
            } else if (kind < 75) {
                subject.call(random, scope -> work(subject, scope, true));
            } else if (kind < 92) {
                nested(subject);
            } else if (kind < 96) {
                subject.holder().release();
            } else if (kind < 98) {
                subject.look();
            } else {
                subject.holder().evictIdle();
            }
            monitor.scopes.incrementAndGet();
        } catch (Throwable failure) {
            explain(subject, failure);
        } finally {
            subject.users.decrementAndGet();
        }
    }

    // ---- what is done ----

    private Scope enter(Subject subject) throws IOException {
        long begin = monitor.pauses.now();
        try {
            return subject.enter(random);
        } finally {
            subject.requireInTime(begin);
        }
    }

    private void scope(Subject subject) throws IOException {
        Scope scope = enter(subject);
        try (scope) {
            whileIn(subject, scope, true);
            if (random.nextInt(20) == 0) {
                scope.invalidate();
            }
        }
        try {
            scope.out();
            monitor.breach(subject.shape + ": the lease is closed and still gives its resource", null);
        } catch (IllegalStateException stale) {
            // As it should be.
        }
    }

    private void whileIn(Subject subject, Scope scope, boolean mayFail) throws IOException {
        try {
            work(subject, scope, mayFail);
        } catch (Throwable failure) { // the connection may be in the middle of something
            declare(subject, scope::invalidate);
            throw failure;
        }
        declare(subject, scope::done);
    }

    private static void declare(Subject subject, Runnable declaration) {
        try {
            declaration.run();
        } catch (IllegalStateException closedByForce) {
            subject.monitor.require(subject.mayForce(), subject.shape + ": " + closedByForce);
        }
    }

    private void nested(Subject subject) throws IOException {
        Scope outer = enter(subject);
        Scope inner = null;
        try (outer) {
            whileIn(subject, outer, false);
            inner = enter(subject);
            monitor.require(subject.shape.reentry() != ReentryPolicy.REJECT, subject.shape + ": entered twice");
            monitor.reentries.incrementAndGet();
            boolean same = inner.resource().equals(outer.resource());
            monitor.require(
                    same == (subject.shape.reentry() == ReentryPolicy.SHARE),
                    subject.shape + ": nested, and got " + inner.resource() + " inside " + outer.resource());
            if (random.nextBoolean()) {
                Scope first = inner;
                inner = null;
                try (first) {
                    whileIn(subject, first, false);
                }
                whileIn(subject, outer, false);
            }
        } catch (ReentryException refused) {
            monitor.require(subject.shape.reentry() == ReentryPolicy.REJECT, subject.shape + ": " + refused);
            monitor.reentries.incrementAndGet();
        } finally {
            if (inner != null) { // the outer one is closed first: any order is allowed
                try (Scope last = inner) {
                    whileIn(subject, last, false);
                }
            }
        }
    }

    /** The thread ends next. */
    private void leak(Subject subject) {
        subject.users.incrementAndGet();
        try {
            Scope scope = enter(subject);
            left(subject);
            whileIn(subject, scope, false);
            if (subject.shape.reentry() == ReentryPolicy.OPEN_NEW && random.nextBoolean()) {
                enter(subject);
                left(subject);
            }
        } catch (Throwable failure) {
            explain(subject, failure);
        } finally {
            subject.users.decrementAndGet();
        }
    }

    private void left(Subject subject) {
        subject.leaksLeft.incrementAndGet();
        monitor.leaksLeft.incrementAndGet();
    }

    /** In a scope, with the right to it checked. */
    private void work(Subject subject, Scope scope, boolean mayFail) throws IOException {
        Object resource = scope.resource();
        boolean mine = subject.claim(resource);
        try {
            monitor.require(subject.holder().isHeld() || subject.mayForce(), subject.shape + ": in a scope, not held");
            int questions = random.nextInt(1, 4);
            for (int i = 1; i <= questions; i++) {
                ask(subject, scope, mayFail ? manner(subject, i == questions) : Manner.ANSWER);
            }
            if (mayFail && depth == 0 && random.nextInt(10) == 0) {
                elsewhere(subject);
            }
            if (mayFail && random.nextInt(3000) == 0) {
                soak.retire(subject, Duration.ZERO); // from inside its own scope
            }
        } finally {
            if (mine) {
                subject.unclaim(resource);
            }
        }
    }

    private void elsewhere(Subject subject) {
        Subject other = soak.any(random);
        if (other != subject) {
            depth++;
            use(other);
            depth--;
        }
    }

    private Manner manner(Subject subject, boolean last) {
        if (random.nextInt(100) < 85) {
            return Manner.ANSWER;
        }
        Manner manner = MANNERS.get(random.nextInt(MANNERS.size()));
        if (subject.shape.peer() == Peer.TICKETS) {
            return Manner.ANSWER; // it does not know our questions
        }
        if (subject.shape.peer().speaksTls()) {
            // Whether more has come cannot be seen from outside before it is read.
            return manner == Manner.UNASKED ? Manner.DRIP : manner;
        }
        if (manner.isOfTls()) {
            return Manner.ANSWER;
        }
        boolean safe = subject.shape.idle() == IdlePolicy.CLOSE || subject.noticesWhatNobodyAskedFor();
        return manner == Manner.UNASKED && !(last && safe) ? Manner.DRIP : manner;
    }

    private void ask(Subject subject, Scope scope, Manner manner) throws IOException {
        Request request = Request.ask(manner, random.nextInt(1, 4000), random.nextInt(50, 1500));
        request.askedOn(scope.resource() + " by " + Thread.currentThread() + " at " + monitor.pauses.now());
        scope.out().write(request.toBytes());
        if (manner == Manner.ANSWER && subject.shape.idle() != IdlePolicy.CLOSE && random.nextInt(200) == 0) {
            throw new IOException("abandoned with the answer on its way");
        }
        try {
            request.readAnswer(scope.in());
        } catch (IOException broken) {
            if (manner.breaksTheStream()) {
                requireBroken(subject, scope, broken);
            }
            throw broken;
        }
        monitor.answers.incrementAndGet();
        if (manner == Manner.UNASKED) {
            awaitMore(scope);
        }
    }

    /** A broken stream has no end, and after its first failure nothing comes out of it any more. */
    private void requireBroken(Subject subject, Scope scope, IOException first) {
        for (int i = 0; i < 2; i++) {
            try {
                int read = scope.in().read();
                monitor.require(
                        read >= 0 && first instanceof SocketTimeoutException,
                        subject.shape + ": read " + read + " from a broken stream after " + first);
            } catch (IOException | IllegalStateException again) {
                monitor.brokenStreams.incrementAndGet();
            }
        }
    }

    /** Whether it has come before the scope ends is all that a look without waiting can know. */
    private static void awaitMore(Scope scope) throws IOException {
        long end = System.nanoTime() + 300_000_000;
        while (scope.in().available() == 0) {
            if (System.nanoTime() > end || Thread.currentThread().isInterrupted()) {
                throw new IOException("abandoned with more on its way");
            }
            LockSupport.parkNanos(500_000);
        }
    }

    // ---- what went wrong ----

    private void explain(Subject subject, Throwable failure) {
        try {
            String breach = breach(subject, failure);
            if (breach == null) {
                monitor.expected(failure);
            } else {
                monitor.breach(subject.shape + ": " + breach + ": " + failure, failure);
            }
        } catch (OutOfMemoryError again) {
            monitor.outOfMemory.incrementAndGet();
        }
    }

    /** What is wrong with this failure, or null if the faults explain it. */
    private String breach(Subject subject, Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        // Java's own try-with-resources cannot suppress an error onto itself, and there is but one of these at times.
        if (failure instanceof OutOfMemoryError || failure.getCause() instanceof OutOfMemoryError) {
            monitor.outOfMemory.incrementAndGet();
            return null;
        }
        if (failure instanceof WrongAnswer) {
            return "a wrong answer";
        }
        if (failure instanceof AcquireTimeoutException) {
            monitor.timeouts.incrementAndGet();
            subject.timedOut.incrementAndGet();
            // Waiting is not all that takes time: a check before reuse does too, and then nothing is opened any more.
            return subject.shape.limited() || message.contains("a check that failed")
                    ? null
                    : "a timeout without a limit";
        }
        if (failure instanceof AcquireInterruptedException) {
            monitor.interrupted.incrementAndGet();
            return Thread.currentThread().isInterrupted() ? null : "the interrupt flag is lost";
        }
        if (failure instanceof ResourceCloseException) {
            return subject.shape.failing() ? null : "a closer failed";
        }
        if (message.contains("closed under its user")) {
            return subject.mayForce() ? null : "closed under its user";
        }
        if (failure instanceof ReentryException) {
            return "not inside a scope";
        }
        if (failure instanceof IllegalStateException) {
            return message.contains("is closed") && subject.isClosing() ? null : "a wrong state";
        }
        if (failure instanceof IOException) {
            boolean closedHere = message.contains("Socket closed")
                    || message.contains("Socket is closed")
                    || (failure instanceof AsynchronousCloseException
                            && !(failure instanceof ClosedByInterruptException));
            boolean why = subject.isClosing() || Thread.currentThread().isInterrupted();
            return !closedHere || why ? null : "closed by somebody";
        }
        return "unexpected";
    }
}
