// A listener that writes down what it is told.
package dev.perthread;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Each event is a line: its name and, after a space, the number of the resource, and the reason. */
final class RecordingListener implements Listener {
    private final Queue<String> lines = new ConcurrentLinkedQueue<>();
    final Queue<ResourceInfo> leaks = new ConcurrentLinkedQueue<>();
    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    @Override
    public void opened(ResourceInfo resource) {
        lines.add("opened " + resource.id());
    }

    @Override
    public void openFailed(Throwable failure) {
        lines.add("openFailed");
        failures.add(failure);
    }

    @Override
    public void acquired(ResourceInfo resource) {
        lines.add("acquired " + resource.id());
    }

    @Override
    public void released(ResourceInfo resource) {
        lines.add("released " + resource.id());
    }

    @Override
    public void waited(Duration waited) {
        lines.add("waited");
    }

    @Override
    public void closed(ResourceInfo resource, CloseReason reason) {
        lines.add("closed " + resource.id() + " " + reason);
    }

    @Override
    public void closeFailed(ResourceInfo resource, CloseReason reason, Throwable failure) {
        lines.add("closeFailed " + resource.id() + " " + reason);
        failures.add(failure);
    }

    @Override
    public void leaked(ResourceInfo resource) {
        lines.add("leaked " + resource.id());
        leaks.add(resource);
    }

    /** All lines since the last call. */
    List<String> take() {
        List<String> taken = new ArrayList<>();
        for (String line = lines.poll(); line != null; line = lines.poll()) {
            taken.add(line);
        }
        return taken;
    }

    /** How many lines there are that begin so. */
    long count(String begin) {
        return lines.stream().filter(line -> line.startsWith(begin)).count();
    }

    /** What was told of each resource, without its number. Takes the lines. */
    Map<Long, List<String>> byResource() {
        Map<Long, List<String>> all = new TreeMap<>();
        for (String line : take()) {
            String[] words = line.split(" ", -1);
            if (words.length > 1) {
                all.computeIfAbsent(Long.valueOf(words[1]), id -> new ArrayList<>())
                        .add(words[0] + (words.length > 2 ? " " + words[2] : ""));
            }
        }
        return all;
    }
}
