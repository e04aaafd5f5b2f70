// Follows the one-time link at once. The button is for browsers without JavaScript.
document.getElementById("sign-in").submit();
