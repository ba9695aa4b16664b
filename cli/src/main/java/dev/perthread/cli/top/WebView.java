package dev.perthread.cli.top;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ExitStatus;
import dev.perthread.cli.console.Output;
import dev.perthread.cli.timeline.LiveServer;
import dev.perthread.cli.timeline.LiveTimeline;
import dev.perthread.cli.timeline.Recorder;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.jfr.EventSettings;
import jdk.management.jfr.RemoteRecordingStream;

/** The timeline of another process as a page that changes while it runs: Flight Recorder there, a web server here. */
final class WebView {
    private final JmxTarget target;
    private final PoolBeans beans;
    private final AtomicBoolean stopped = new AtomicBoolean();

    WebView(JmxTarget target, PoolBeans beans) {
        this.target = target;
        this.beans = beans;
    }

    /** Serves until Ctrl-C, or until the program has ended. */
    int run(int port, Duration interval) throws CommandFailure, InterruptedException {
        Recorder.refuseWithoutFlightRecorder();
        LiveTimeline timeline = new LiveTimeline(target.toString());
        try (RemoteRecordingStream stream = beans.record();
                LiveServer server = LiveServer.start(port, interval, timeline)) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(stream), "stop-recording"));
            enable(stream);
            stream.onEvent(timeline::add);
            stream.startAsync();
            new Output(System.out, System.err).line("Showing " + target + " at " + server.url() + " until Ctrl-C");
            while (!stopped.get()) {
                beans.ping(); // the stream itself does not say that the program has ended
                Thread.sleep(LiveTimeline.PERIOD.toMillis());
            }
        }
        return ExitStatus.OK;
    }

    private static void enable(RemoteRecordingStream stream) {
        for (String event : LiveTimeline.eventNames()) {
            EventSettings settings = stream.enable(event).withoutThreshold();
            if (LiveTimeline.isPeriodic(event)) {
                settings.withPeriod(LiveTimeline.PERIOD);
            }
        }
        stream.setReuse(false); // they are kept
    }

    /** Else the program would record on for nobody. */
    private void stop(RemoteRecordingStream stream) {
        stopped.set(true);
        stream.close();
    }
}
