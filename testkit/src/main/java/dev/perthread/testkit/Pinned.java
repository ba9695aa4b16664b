package dev.perthread.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/**
 * A Flight Recorder recording of the virtual threads that were pinned to their carriers, from its making until {@link
 * #stacks}. Java 21 or later.
 */
public final class Pinned implements AutoCloseable {
    private static final String PINNED = "jdk.VirtualThreadPinned";
    private final Recording recording = new Recording();

    /** Begins, with no threshold: every pinning counts. */
    public Pinned() {
        recording.enable(PINNED).withThreshold(Duration.ZERO).withStackTrace();
        recording.start();
    }

    /**
     * Ends the recording.
     *
     * @return a stack a line for each time a virtual thread was pinned
     * @throws IOException if the recording cannot be read
     */
    public List<String> stacks() throws IOException {
        recording.stop();
        Path file = Files.createTempFile("perthread", ".jfr");
        try {
            recording.dump(file);
            List<String> stacks = new ArrayList<>();
            for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
                if (!event.getEventType().getName().equals(PINNED)) {
                    continue; // whatever else is on by default
                }
                stacks.add(
                        event.getStackTrace() == null
                                ? "no stack"
                                : event.getStackTrace().getFrames().stream()
                                        .map(frame ->
                                                frame.getMethod().getType().getName() + "."
                                                        + frame.getMethod().getName())
                                        .collect(Collectors.joining(" < ")));
            }
            // What Flight Recorder does inside commit, in code that it generates and classes that it loads there,
            // is out of our hands, and this very recording is what makes it run.
            stacks.removeIf(stack -> stack.replaceFirst("^((java|jdk|sun)\\.\\S+ < )*", "")
                    .matches("dev\\.perthread\\.JfrEvents\\$\\w+\\.commit <.*"));
            // A call site, or its type, is linked once in a program, by whoever comes first, under locks of the JDK.
            stacks.removeIf(stack -> stack.contains("java.lang.invoke.MethodHandleNatives."));
            // Once Flight Recorder has recorded exceptions in this process, the constructor has code of its own in
            // it, whose classes are linked by whoever comes first while others wait.
            stacks.removeIf(stack -> stack.startsWith("java.lang.Throwable.<init> <"));
            // The JDK keeps a virtual thread on its carrier on purpose while it clears its own interrupt flag, under a
            // lock that the thread that interrupts may just hold. About one in 50,000 interrupts meets it there.
            stacks.removeIf(stack -> stack.startsWith("java.lang.VirtualThread.getAndClearInterrupt <"));
            return stacks;
        } finally {
            Files.delete(file);
        }
    }

    @Override
    public void close() {
        recording.close();
    }
}
