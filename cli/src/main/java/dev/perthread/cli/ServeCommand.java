// perthread serve: the built-in site alone, until Ctrl-C.
package dev.perthread.cli;

import java.io.IOException;
import java.net.BindException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Option;

@Command(
        name = "serve",
        description = {
            "Serve the small built-in site on this machine's loopback address, until Ctrl-C.",
            "",
            "Its pages: /index.html, /1k.txt, /64k.txt, /1m.txt. Everything else is answered with 404."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class ServeCommand implements Callable<Integer> {

    @Option(
            names = {"-p", "--port"},
            paramLabel = "PORT",
            defaultValue = "0",
            converter = OptionConverters.Port.class,
            description = "The port; 0 takes a free one (default: ${DEFAULT-VALUE}).")
    private int port;

    @Override
    public Integer call() throws IOException, InterruptedException, Main.Failure {
        try (DemoServer server = DemoServer.start(port)) {
            System.out.println("Serving a small site at " + server.url() + " until Ctrl-C");
            new CountDownLatch(1).await();
            return ExitCode.OK;
        } catch (BindException e) {
            throw new Main.Failure("cannot listen on port " + port + " (" + ErrorMessages.of(e)
                    + "); a free port, or 0 for any, is allowed");
        }
    }
}
