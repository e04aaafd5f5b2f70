/* Fills the dashboard's widget after the page is there. */
( async function () {
	const panel = document.getElementById( 'aipkit_bridge_figures' );
	const { url, action, nonce, failed } = panel.dataset;
	try {
		const answer = await fetch( url, {
			method: 'POST',
			body: new URLSearchParams( { action, _ajax_nonce: nonce } ),
		} );
		const { success, data } = await answer.json();
		if ( ! success ) {
			throw new Error( answer.statusText );
		}
		panel.innerHTML = data;
	} catch ( error ) {
		panel.textContent = failed;
	}
} )();
