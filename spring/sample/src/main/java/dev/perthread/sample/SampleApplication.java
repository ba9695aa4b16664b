package dev.perthread.sample;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/** The application. */
@SpringBootApplication
public class SampleApplication {
    /** For Spring, which makes a subclass. */
    public SampleApplication() {}

    /**
     * Starts it.
     *
     * @param args properties, as {@code --orders.port=7000}
     */
    public static void main(String[] args) {
        SpringApplication.run(SampleApplication.class, args);
    }
}
