package dev.perthread.cli.fetch;

import dev.perthread.cli.console.CommandFailure;
import dev.perthread.cli.console.ErrorMessages;
import dev.perthread.cli.console.ManifestVersion;
import dev.perthread.cli.console.OptionConverters;
import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

/** The subcommand {@code serve}: the demo server alone, until Ctrl-C. */
@Command(
        name = "serve",
        description = {
            "Serve the small built-in site on this machine's loopback address, until Ctrl-C.",
            "",
            "Its pages: /index.html, /1k.txt, /64k.txt, /1m.txt. Everything else is answered with 404."
        },
        mixinStandardHelpOptions = true,
        versionProvider = ManifestVersion.class)
public final class ServeCommand implements Callable<Integer> {

    @Option(
            names = {"-p", "--port"},
            paramLabel = "PORT",
            defaultValue = "0",
            converter = OptionConverters.Port.class,
            description = "The port; 0 takes a free one (default: ${DEFAULT-VALUE}).")
    private int port;

    /** For picocli. */
    public ServeCommand() {}

    @Override
    public Integer call() throws IOException, InterruptedException, CommandFailure {
        try (DemoServer server = DemoServer.start(port)) {
            System.out.println("Serving a small site at " + server.url() + " until Ctrl-C");
            new CountDownLatch(1).await();
            return ExitCode.OK;
        } catch (BindException e) {
            throw new CommandFailure("cannot listen on port " + port + " (" + ErrorMessages.of(e)
                    + "); a free port, or 0 for any, is allowed");
        }
    }
}
