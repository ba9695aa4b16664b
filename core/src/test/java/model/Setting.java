// What one exploration is about. Shared between the test and the woven code, which have different class loaders.
package model;

/**
 * One scenario.
 *
 * @param whenIdle the name of an idle policy
 * @param danger what happens at every point
 * @param limit of resources
 * @param users threads that acquire, use and release
 * @param scopes how often each does so
 * @param late whether the one store that is not fenced may be seen late
 */
public record Setting(String whenIdle, String danger, int limit, int users, int scopes, boolean late) {
    @Override
    public String toString() {
        return whenIdle + " " + danger + ", limit " + limit + ", " + users + " users, " + scopes + " scope"
                + (scopes == 1 ? "" : "s") + (late ? ", late stores" : "");
    }
}
